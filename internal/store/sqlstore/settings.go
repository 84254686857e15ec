package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

const selectShopSettings = `
SELECT version, value
FROM shop_settings
WHERE merchant = ?`

const insertShopSettings = `
INSERT INTO shop_settings (merchant, version, value)
VALUES (?, 1, ?)
ON CONFLICT (merchant) DO NOTHING`

const updateShopSettings = `
UPDATE shop_settings
SET version = version + 1, value = ?
WHERE merchant = ? AND version = ?`

// ShopSettings implements chat.Store.
func (s *Store) ShopSettings(ctx context.Context, merchant chat.UID) (chat.ShopSettings, error) {
	var set chat.ShopSettings
	err := s.query(ctx, func(r row) error {
		if err := json.Unmarshal(r.bytes(1), &set); err != nil {
			return err
		}
		set.Version = r.int(0)
		return nil
	}, selectShopSettings, string(merchant))
	if err != nil {
		return chat.ShopSettings{}, fmt.Errorf("shop settings: %w", err)
	}
	return set, nil
}

// PutShopSettings implements chat.Store.
func (s *Store) PutShopSettings(ctx context.Context, merchant chat.UID, set chat.ShopSettings) (chat.ShopSettings, error) {
	value, err := json.Marshal(set)
	if err != nil {
		return chat.ShopSettings{}, fmt.Errorf("encode shop settings: %w", err)
	}
	then := set
	then.Version++
	stored, err := outcome(ctx, s.writer, &writeOp{"shop " + string(merchant), func(t tx) error {
		var n int64
		var err error
		if set.Version == 0 {
			n, err = t.exec(insertShopSettings, string(merchant), string(value))
		} else {
			n, err = t.exec(updateShopSettings, string(value), string(merchant), set.Version)
		}
		if err == nil && n == 0 {
			return chat.Codef(chat.Conflict, "settings_changed", "somebody has changed the settings meanwhile")
		}
		return err
	}}, &then)
	if err != nil {
		return chat.ShopSettings{}, fmt.Errorf("put shop settings: %w", err)
	}
	return stored, nil
}
