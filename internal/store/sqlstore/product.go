package sqlstore

import (
	"context"
	"fmt"

	"haggle/internal/chat"
)

const putProduct = `
INSERT INTO products (id, merchant, title, title_fold, amount, currency, image, url, kind, stock, deleted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE
SET merchant = excluded.merchant, title = excluded.title, title_fold = excluded.title_fold, amount = excluded.amount,
  currency = excluded.currency, image = excluded.image, url = excluded.url,
  kind = excluded.kind, stock = excluded.stock, deleted = excluded.deleted`

// productColumns are what decodeProduct reads, in its order.
const productColumns = `
id, merchant, title, amount, currency, image, url, kind, stock, deleted`

const selectProducts = `
SELECT` + productColumns + `
FROM products
WHERE id IN (SELECT value FROM json_each(?))`

// One stretch of an index: what is not for sale is not in it.
const (
	selectProductsOf = `
SELECT` + productColumns + `
FROM products
WHERE merchant = ? AND deleted = 0`

	ofLaterTitle = ` AND (title_fold, id) > (SELECT a.title_fold, a.id FROM products a WHERE a.id = ?)`
	ofTitle      = ` AND title_fold LIKE ? ESCAPE '!'`

	byTitle = `
ORDER BY title_fold, id
LIMIT ?`
)

const selectProductThere = `
SELECT id
FROM products
WHERE id = ?`

const deleteProduct = `
UPDATE products
SET deleted = 1
WHERE id = ?`

// PutProduct implements chat.Store.
func (s *Store) PutProduct(ctx context.Context, p chat.Product) error {
	var stock any
	if p.Stock != nil {
		stock = *p.Stock
	}
	err := s.write(ctx, productRow(p.ID), func(t tx) error {
		_, err := t.exec(putProduct, string(p.ID), string(p.Merchant), p.Title, foldName(p.Title), p.Price.Amount, p.Price.Currency,
			p.Image, p.URL, string(p.Kind), stock, bit(p.Deleted))
		return err
	})
	if err != nil {
		return fmt.Errorf("put product: %w", err)
	}
	return nil
}

// Product implements chat.Store.
func (s *Store) Product(ctx context.Context, id chat.ProductID) (chat.Product, error) {
	ps, err := s.Products(ctx, []chat.ProductID{id})
	if err != nil {
		return chat.Product{}, err
	}
	p, ok := ps[id]
	if !ok {
		return chat.Product{}, errNoProduct()
	}
	return p, nil
}

// Products implements chat.Store.
func (s *Store) Products(ctx context.Context, ids []chat.ProductID) (map[chat.ProductID]chat.Product, error) {
	ps := make(map[chat.ProductID]chat.Product, len(ids))
	err := s.query(ctx, func(r row) error {
		p := decodeProduct(r)
		ps[p.ID] = p
		return nil
	}, selectProducts, jsonList(ids))
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	return ps, nil
}

// ProductsOf implements chat.Store.
func (s *Store) ProductsOf(ctx context.Context, q chat.ProductQuery) ([]chat.Product, error) {
	query, args := selectProductsOf, []any{string(q.Merchant)}
	if q.After != "" {
		query, args = query+ofLaterTitle, append(args, string(q.After))
	}
	if q.Search != "" {
		query, args = query+ofTitle, append(args, "%"+escapeLike(foldName(q.Search))+"%")
	}
	var ps []chat.Product
	err := s.query(ctx, func(r row) error {
		ps = append(ps, decodeProduct(r))
		return nil
	}, query+byTitle, append(args, int64(max(q.Limit, 0)))...)
	if err != nil {
		return nil, fmt.Errorf("products of %s: %w", q.Merchant, err)
	}
	return ps, nil
}

func decodeProduct(r row) chat.Product {
	p := chat.Product{
		ID: chat.ProductID(r.text(0)), Merchant: chat.UID(r.text(1)), Title: r.text(2),
		Price: chat.Money{Amount: r.int(3), Currency: r.text(4)},
		Image: r.text(5), URL: r.text(6), Kind: chat.ProductKind(r.text(7)), Deleted: r.bool(9),
	}
	if r[8] != nil {
		stock := r.int(8)
		p.Stock = &stock
	}
	return p
}

// DeleteProduct implements chat.Store.
func (s *Store) DeleteProduct(ctx context.Context, id chat.ProductID) error {
	err := s.write(ctx, productRow(id), func(t tx) error {
		there := false
		err := t.query(func(row) error { there = true; return nil }, selectProductThere, string(id))
		if err == nil && !there {
			return errNoProduct()
		}
		if err != nil {
			return err
		}
		_, err = t.exec(deleteProduct, string(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete product: %w", err)
	}
	return nil
}

func productRow(id chat.ProductID) string { return "product " + string(id) }

func errNoProduct() error { return chat.Errorf(chat.NotFound, "no such product") }
