package rest

import (
	"context"

	"haggle/internal/chat"
)

// CompatCodesRequest asks for the codes of a merchant's old pages.
type CompatCodesRequest struct {
	Merchant string   `json:"merchant"`
	Buyers   []string `json:"buyers,omitzero" maxItems:"100" doc:"Those whom the page shows"`
}

// CompatCodesAnswer has them.
type CompatCodesAnswer struct {
	MyCode string            `json:"my_code" doc:"The merchant's own"`
	Buyers map[string]string `json:"buyers" doc:"toUserCode by the buyer's uid"`
}

type compatCodesIn struct{ Body CompatCodesRequest }

// compatRoutes are there only for a shop that still has pages of the PHP chat.
func (a *API) compatRoutes() {
	if a.CompatCodes == nil {
		return
	}
	backendIn(a, post("/v1/server/compat-codes", "create-compat-codes", tagServer, "Codes for a merchant's page of the PHP chat",
		"`my_code` goes into the page as `myCode`, and a buyer's as `toUserCode`. They are the same each time and good for that "+
			"merchant alone. `source` in what the page receives is the same code. Where the server runs with `--compat`."), a.createCompatCodes)
}

func (a *API) createCompatCodes(_ context.Context, in *compatCodesIn) (*answer[CompatCodesAnswer], error) {
	merchant, err := chat.ParseUID(in.Body.Merchant)
	if err == nil && merchant.Side() != chat.MerchantSide {
		err = chat.Codef(chat.Invalid, "invalid_merchant", "a merchant's uid starts with V_ or E_")
	}
	if err != nil {
		return nil, err
	}
	out := CompatCodesAnswer{MyCode: a.CompatCodes.Mine(merchant), Buyers: make(map[string]string, len(in.Body.Buyers))}
	for _, name := range in.Body.Buyers {
		buyer, err := chat.ParseUID(name)
		if err == nil && buyer.Side() != chat.BuyerSide {
			err = chat.Codef(chat.Invalid, "invalid_uid", "a buyer's uid starts with U_")
		}
		if err != nil {
			return nil, err
		}
		out.Buyers[name] = a.CompatCodes.Buyer(merchant, buyer)
	}
	return &answer[CompatCodesAnswer]{out}, nil
}
