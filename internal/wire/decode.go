package wire

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"haggle/internal/chat"
)

// Decode reads what a client sent into v, strictly: RFC 8259 text in valid
// UTF-8 without lone surrogates, no duplicate names, no name in another letter
// case, no name that v does not know. The error is chat.Invalid with code
// "invalid_json" and says where.
func Decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		return &chat.Error{Kind: chat.Invalid, Code: "invalid_json", Msg: fmt.Sprintf("not a valid request: %v", err)}
	}
	return nil
}

// Encode writes v as JSON.
func Encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return data, nil
}
