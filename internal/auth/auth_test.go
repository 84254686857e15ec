package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"haggle/internal/chat"
)

const secret = "the shop's own secret, 32 bytes at least"

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// revocations is who was revoked when.
type revocations map[chat.UID]time.Time

func (r revocations) RevokedAt(_ context.Context, uid chat.UID) (time.Time, error) {
	if uid == "U_down" {
		return time.Time{}, errors.New("the store is down")
	}
	return r[uid], nil
}

// LoginEnded goes by the same table.
func (r revocations) LoginEnded(_ context.Context, id chat.LoginID) (bool, error) {
	return !r[loginKey(id)].IsZero(), nil
}

func loginKey(id chat.LoginID) chat.UID { return chat.UID("login " + id) }

func newVerifier(t *testing.T, revoked revocations, keys ...Key) *Verifier {
	t.Helper()
	cfg := Config{Keys: keys, Own: bytes.Repeat([]byte{7}, 32), Guests: true}
	v, err := NewVerifier(t.Context(), cfg, revoked, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	v.now = func() time.Time { return now }
	return v
}

func secretKey(t *testing.T, id string) Key {
	t.Helper()
	k, err := SecretKey(id, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// publicPEM returns the PEM form of a public key.
func publicPEM(t *testing.T, pub any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// sign signs claims as anybody could, with a header to match.
func sign(t *testing.T, method jwt.SigningMethod, key any, kid string, c map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(c))
	if kid != "" {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// good returns the claims of a buyer's token that is good for an hour, changed.
func good(changes map[string]any) map[string]any {
	c := map[string]any{"aud": "haggle", "sub": "U_42", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for k, v := range changes {
		if v == nil {
			delete(c, k)
			continue
		}
		c[k] = v
	}
	return c
}

func TestVerify_claims(t *testing.T) {
	revoked := revocations{
		"U_revoked": now.Add(-500 * time.Millisecond), "U_later": now.Add(time.Millisecond), "U_same": now,
	}
	v := newVerifier(t, revoked, secretKey(t, ""))
	sec := func(d time.Duration) float64 { return float64(now.Add(d).UnixMilli()) / 1000 }
	tests := []struct {
		name   string
		change map[string]any
		code   string // "" means accepted
	}{
		{"a buyer", nil, ""},
		{"several audiences", map[string]any{"aud": []string{"shop", "haggle"}}, ""},
		{"for 24 hours", map[string]any{"exp": now.Add(24 * time.Hour).Unix()}, ""},
		{"an agent", map[string]any{"sub": "V_7", "agent": "anna", "agent_name": "Anna"}, ""},
		{"a merchant without an agent", map[string]any{"sub": "E_9"}, ""},
		{"the shop's clock a little ahead", map[string]any{"iat": now.Unix() + 20, "nbf": now.Unix() + 20}, ""},
		{"about to end", map[string]any{"exp": now.Unix() + 1}, ""},

		{"another audience", map[string]any{"aud": "shop"}, "token_invalid"},
		{"no audience", map[string]any{"aud": nil}, "token_invalid"},
		{"no exp", map[string]any{"exp": nil}, "token_invalid"},
		{"exp too far", map[string]any{"exp": now.Add(24*time.Hour + time.Minute).Unix()}, "token_invalid"},
		{"a long life, half over", map[string]any{"iat": now.Add(-20 * time.Hour).Unix(), "exp": now.Add(5 * time.Hour).Unix()}, "token_invalid"},
		{"exp in milliseconds", map[string]any{"exp": now.Add(time.Hour).UnixMilli()}, "token_invalid"},
		{"exp is text", map[string]any{"exp": "tomorrow"}, "token_invalid"},
		{"expired by a second", map[string]any{"exp": now.Unix() - 1}, "token_expired"},
		{"expired this second", map[string]any{"exp": now.Unix()}, "token_expired"},
		{"expired, for another audience", map[string]any{"exp": now.Unix() - 1, "aud": "shop"}, "token_invalid"},
		{"iat in the future", map[string]any{"iat": now.Unix() + 120}, "token_invalid"},
		{"nbf in the future", map[string]any{"nbf": now.Unix() + 120}, "token_invalid"},
		{"no sub", map[string]any{"sub": nil}, "token_invalid"},
		{"sub is no uid", map[string]any{"sub": "42"}, "token_invalid"},
		{"sub with a blank", map[string]any{"sub": "U_4 2"}, "token_invalid"},
		{"a guest from a shop", map[string]any{"sub": "U_g-abc"}, "token_invalid"},
		{"a buyer with an agent", map[string]any{"agent": "anna"}, "token_invalid"},
		{"a buyer with an agent's name", map[string]any{"agent_name": "Anna"}, "token_invalid"},
		{"an agent's name alone", map[string]any{"sub": "V_7", "agent_name": "Anna"}, "token_invalid"},
		{"an agent that is no name", map[string]any{"sub": "V_7", "agent": "a/b"}, "token_invalid"},
		{"claiming to be the server's", map[string]any{"iss": "haggle", "use": "cookie", "sub": "U_g-abc"}, "token_invalid"},

		{"issued before the revocation", map[string]any{"sub": "U_revoked", "iat": now.Unix() - 10}, "token_revoked"},
		{"issued after it, a second on", map[string]any{"sub": "U_revoked", "iat": now.Unix()}, ""},
		{"issued in the same second, cut off", map[string]any{"sub": "U_later", "iat": now.Unix()}, "token_revoked"},
		{"issued in the same second, with its fraction", map[string]any{"sub": "U_later", "iat": sec(2 * time.Millisecond)}, ""},
		{"issued at the very moment", map[string]any{"sub": "U_same", "iat": now.Unix()}, ""},
		{"not saying when", map[string]any{"iat": nil}, "token_invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(tt.change))
			id, err := v.Verify(t.Context(), token)
			checkCode(t, err, tt.code)
			if err == nil && id.ExpiresAt.IsZero() {
				t.Errorf("identity = %+v, want an end", id)
			}
			if err != nil && strings.Contains(chat.AsError(err).Msg, "sub") {
				t.Errorf("the answer %q tells what is wrong with the token; that is for the log", chat.AsError(err).Msg)
			}
		})
	}
}

func checkCode(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", chat.AsError(err))
	case want != "" && err == nil:
		t.Errorf("accepted, want %q", want)
	case want != "" && (chat.AsError(err).Code != want || chat.KindOf(err) != chat.Unauthenticated):
		t.Errorf("error %v with code %q, want %q", err, chat.AsError(err).Code, want)
	}
}

func TestVerify_identity(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, ""))
	got, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{
		"sub": "V_7", "name": "Mugs & Co", "avatar": "https://shop.example/m.png", "sid": "made up", "net": "192.0.2.1",
	})))
	want := chat.Identity{
		Actor: chat.Actor{UID: "V_7"},
		Name:  "Mugs & Co", Avatar: "https://shop.example/m.png", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// A token whose "name" was the agent's own renamed the whole shop.
func TestVerify_agentRenamedTheShop(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, ""))
	got, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{
		"sub": "V_7", "agent": "anna", "agent_name": "Anna", "name": "Anna", "avatar": "https://shop.example/anna.png",
	})))
	want := chat.Identity{
		Actor: chat.Actor{UID: "V_7", Agent: "anna", AgentName: "Anna"}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// A token without iat came in, and not any more from the first revocation on,
// fresh or not: now it is refused from the start, in words for whoever made it.
func TestVerify_withoutIATLockedOutLater(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, ""))
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{"iat": nil})))
	checkCode(t, err, "token_invalid")
	if msg := chat.AsError(err).Msg; !strings.Contains(msg, "iat") {
		t.Errorf("message %q, want it to name iat", msg)
	}
}

// Names are drawn beside what people say: one that turns text around or has no
// end could look like the server's own words.
func TestVerify_names(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, ""))
	got, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{
		"sub": "V_7", "agent": "a", "agent_name": "An\u202ena\n " + strings.Repeat("x", 100),
	})))
	if want := "Anna " + strings.Repeat("x", 58) + "…"; err != nil || got.Actor.AgentName != want {
		t.Errorf("identity %+q, %v, want the agent %q", got, err, want)
	}
	got, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{"name": "Cafe\u0301"})))
	if err != nil || got.Name != "Caf\u00e9" {
		t.Errorf("identity %+q, %v", got, err)
	}
}

func TestVerify_algorithms(t *testing.T) {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	edPub, edKey, _ := ed25519.GenerateKey(rand.Reader)
	public := func(pub any) Key {
		k, err := PublicKey("", publicPEM(t, pub))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rsaKnown, ecKnown, edKnown := public(&rsaKey.PublicKey), public(&ecKey.PublicKey), public(edPub)
	hmacKnown := secretKey(t, "")
	none := func(kid string) string {
		token := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims(good(nil)))
		if kid != "" {
			token.Header["kid"] = kid
		}
		s, _ := token.SignedString(jwt.UnsafeAllowNoneSignatureType)
		return s
	}
	otherRSA, _ := rsa.GenerateKey(rand.Reader, 2048)
	hs := func(key []byte) string { return sign(t, jwt.SigningMethodHS256, key, "", good(nil)) }
	genuine := hs([]byte(secret))
	parts := strings.Split(genuine, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"haggle","sub":"U_1","exp":1777640000}`))

	tests := []struct {
		name  string
		keys  []Key
		token string
		ok    bool
	}{
		{"HS256", []Key{hmacKnown}, genuine, true},
		{"RS256", []Key{rsaKnown}, sign(t, jwt.SigningMethodRS256, rsaKey, "", good(nil)), true},
		{"ES256", []Key{ecKnown}, sign(t, jwt.SigningMethodES256, ecKey, "", good(nil)), true},
		{"EdDSA", []Key{edKnown}, sign(t, jwt.SigningMethodEdDSA, edKey, "", good(nil)), true},
		{"all kinds known, the last one signs", []Key{hmacKnown, rsaKnown, ecKnown, edKnown}, sign(t, jwt.SigningMethodEdDSA, edKey, "", good(nil)), true},

		{"no key is known", nil, genuine, false},
		{"alg none", []Key{hmacKnown, rsaKnown}, none(""), false},
		{"alg none with the server's kid", []Key{hmacKnown}, none(ownKeyID), false},
		{"alg none, signature kept", []Key{hmacKnown}, none("") + parts[2], false},
		{"the RSA public key, PEM, as the secret", []Key{rsaKnown}, hs(publicPEM(t, &rsaKey.PublicKey)), false},
		{"the RSA public key, DER, as the secret", []Key{rsaKnown}, hs(mustDER(t, &rsaKey.PublicKey)), false},
		{"another RSA key", []Key{rsaKnown}, sign(t, jwt.SigningMethodRS256, otherRSA, "", good(nil)), false},
		{"RS512 of the right key", []Key{rsaKnown}, sign(t, jwt.SigningMethodRS512, rsaKey, "", good(nil)), false},
		{"PS256 of the right key", []Key{rsaKnown}, sign(t, jwt.SigningMethodPS256, rsaKey, "", good(nil)), false},
		{"HS384 of the right secret", []Key{hmacKnown}, sign(t, jwt.SigningMethodHS384, []byte(secret), "", good(nil)), false},
		{"another secret", []Key{hmacKnown}, hs([]byte(strings.Repeat("x", 40))), false},
		{"an empty secret", []Key{hmacKnown}, hs([]byte{}), false},
		{"other claims under the signature", []Key{hmacKnown}, parts[0] + "." + forged + "." + parts[2], false},
		{"no signature", []Key{hmacKnown}, parts[0] + "." + parts[1] + ".", false},
		{"not a token", []Key{hmacKnown}, "hello", false},
		{"nothing", []Key{hmacKnown}, "", false},
		{"far too long", []Key{hmacKnown}, strings.Repeat("a", maxTokenBytes) + genuine, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newVerifier(t, nil, tt.keys...).Verify(t.Context(), tt.token)
			want := "token_invalid"
			if tt.ok {
				want = ""
			}
			checkCode(t, err, want)
		})
	}
}

func mustDER(t *testing.T, pub any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestVerify_twoLiveKeys(t *testing.T) {
	next := []byte("the secret that the shop changes to next")
	nextKey, err := SecretKey("2026-06", next)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, nil, secretKey(t, "2026-05"), nextKey)
	for _, tt := range []struct {
		name, kid string
		key       []byte
		code      string
	}{
		{"the old key", "2026-05", []byte(secret), ""},
		{"the new key", "2026-06", next, ""},
		{"one key under the other's kid", "2026-06", []byte(secret), "token_invalid"},
		{"an unknown kid", "2026-07", next, "token_invalid"},
		{"no kid, though the keys have some", "", next, "token_invalid"},
		{"the server's own kid", ownKeyID, next, "token_invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, tt.key, tt.kid, good(nil)))
			checkCode(t, err, tt.code)
		})
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(good(nil)))
	token.Header["kid"] = 7
	s, _ := token.SignedString([]byte(secret))
	_, err = v.Verify(t.Context(), s)
	checkCode(t, err, "token_invalid")
}

// A cookie ends when the word it came from does, an access token soon, and
// neither is good for what the other is.
func TestOwnTokens(t *testing.T) {
	revoked := revocations{}
	v := newVerifier(t, revoked, secretKey(t, ""))
	ctx := t.Context()
	shop, err := v.VerifyShop(ctx, sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{"name": "Li"})))
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := v.CookieToken(shop)
	if err != nil {
		t.Fatal(err)
	}
	access, expires, err := v.AccessToken(shop, 10*time.Minute)
	if err != nil || !expires.Equal(now.Add(10*time.Minute)) {
		t.Fatalf("access token ends at %v, %v", expires, err)
	}
	if _, late, _ := v.AccessToken(shop, 2*time.Hour); !late.Equal(shop.ExpiresAt) {
		t.Errorf("an access token ends at %v, after the shop's at %v", late, shop.ExpiresAt)
	}
	want := shop
	want.Name = "" // an old cookie must not undo a new name
	got, err := v.VerifyCookie(ctx, cookie, chat.BuyerSide)
	want.Login = got.Login
	if err != nil || got != want || got.Login == "" {
		t.Errorf("cookie = %+v, %v, want %+v and a login of its own", got, err, want)
	}
	if got, err := v.Verify(ctx, access); err != nil || !got.IssuedAt.Equal(shop.IssuedAt) {
		t.Errorf("access token = %+v, %v, want the time of the shop's word", got, err)
	}
	_, err = v.Verify(ctx, cookie)
	checkCode(t, err, "token_invalid")
	_, err = v.VerifyCookie(ctx, access, chat.BuyerSide)
	checkCode(t, err, "token_invalid")
	_, err = v.VerifyCookie(ctx, cookie, chat.MerchantSide)
	checkCode(t, err, "token_invalid")
	_, err = v.VerifyShop(ctx, access)
	checkCode(t, err, "token_invalid")
	_, err = v.VerifyShop(ctx, cookie)
	checkCode(t, err, "token_invalid")

	revoked["U_42"] = now.Add(time.Minute)
	for name, verify := range map[string]func() error{
		"cookie": func() error { _, err := v.VerifyCookie(ctx, cookie, chat.BuyerSide); return err },
		"access": func() error { _, err := v.Verify(ctx, access); return err },
	} {
		if err := verify(); chat.AsError(err).Code != "token_revoked" {
			t.Errorf("%s after the revocation: %v", name, err)
		}
	}
}

// When the server's clock was set back, what it signed before is of a time that has not
// come: it counts no more, as nobody could end it until then. What it signs now counts.
func TestOwnTokens_clockIsSetBack(t *testing.T) {
	v := newVerifier(t, revocations{}, secretKey(t, ""))
	shop, err := v.VerifyShop(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(nil)))
	if err != nil {
		t.Fatal(err)
	}
	before, err := v.CookieToken(shop)
	if err != nil {
		t.Fatal(err)
	}
	back := now.Add(-time.Hour)
	v.now = func() time.Time { return back }
	_, err = v.VerifyCookie(t.Context(), before, chat.BuyerSide)
	checkCode(t, err, "token_invalid")
	shop.IssuedAt, shop.ExpiresAt = back, back.Add(time.Minute)
	after, err := v.CookieToken(shop)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.VerifyCookie(t.Context(), after, chat.BuyerSide); err != nil {
		t.Errorf("what was signed after it: %v", err)
	}
	back = back.Add(time.Minute)
	_, err = v.VerifyCookie(t.Context(), after, chat.BuyerSide)
	checkCode(t, err, "token_expired")
}

// Who signed out and had a copy of the cookie, or its tokens, went on as before.
func TestOwnTokens_livedOnAfterSignOut(t *testing.T) {
	revoked := revocations{}
	v := newVerifier(t, revoked, secretKey(t, ""))
	ctx := t.Context()
	// signIn returns a browser's cookie, what it is and a token that came of it.
	signIn := func() (cookie string, id chat.Identity, access string) {
		t.Helper()
		cookie, err := v.CookieToken(chat.Identity{Actor: chat.Actor{UID: "U_42"}, IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if id, err = v.VerifyCookie(ctx, cookie, chat.BuyerSide); err != nil {
			t.Fatal(err)
		}
		if access, _, err = v.AccessToken(id, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		return cookie, id, access
	}
	cookie, id, access := signIn()
	otherCookie, _, otherAccess := signIn()
	revoked[loginKey(id.Login)] = now
	_, err := v.VerifyCookie(ctx, cookie, chat.BuyerSide)
	checkCode(t, err, "token_revoked")
	_, err = v.Verify(ctx, access)
	checkCode(t, err, "token_revoked")
	_, err = v.VerifyCookie(ctx, otherCookie, chat.BuyerSide)
	checkCode(t, err, "")
	_, err = v.Verify(ctx, otherAccess)
	checkCode(t, err, "")
}

func TestGuests(t *testing.T) {
	v := newVerifier(t, nil)
	guest, err := v.NewGuest()
	if err != nil || !guest.Actor.UID.IsGuest() || !guest.ExpiresAt.Equal(now.Add(GuestLife)) {
		t.Fatalf("guest = %+v, %v", guest, err)
	}
	cookie, _ := v.CookieToken(guest)
	if got, err := v.VerifyCookie(t.Context(), cookie, chat.BuyerSide); err != nil || got.Actor != guest.Actor {
		t.Errorf("cookie = %+v, %v", got, err)
	}
	guest.Actor.Address = "192.0.2.1"
	access, _, _ := v.AccessToken(guest, time.Minute)
	if got, err := v.Verify(t.Context(), access); err != nil || got.Actor != guest.Actor {
		t.Errorf("access token = %+v, %v, want what the guest counts under too", got, err)
	}
	v.guests = false
	_, err = v.VerifyCookie(t.Context(), cookie, chat.BuyerSide)
	checkCode(t, err, "token_invalid")
	if _, err = v.NewGuest(); chat.KindOf(err) != chat.Denied {
		t.Errorf("a new guest where there are none: %v", err)
	}
}

// A store that is down is not a bad token: who is signed in stays so.
func TestVerify_storeDown(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, ""))
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "", good(map[string]any{"sub": "U_down"})))
	if chat.KindOf(err) != chat.Internal {
		t.Errorf("error %v, want one that is not the caller's fault", err)
	}
}

func TestSignShopToken(t *testing.T) {
	v := newVerifier(t, nil, secretKey(t, "k1"))
	token, err := SignShopToken([]byte(secret), ShopClaims{
		UID: "V_7", Agent: "anna", AgentName: "Anna",
		IssuedAt: now, ExpiresAt: now.Add(MaxTokenLife), KeyID: "k1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := v.Verify(t.Context(), token); err != nil || id.Actor.Agent != "anna" {
		t.Errorf("identity = %+v, %v", id, err)
	}
	if _, err := SignShopToken([]byte("short"), ShopClaims{UID: "U_1"}); err == nil {
		t.Error("a short secret signs")
	}
}

func TestKeys_refused(t *testing.T) {
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	edPub, edKey, _ := ed25519.GenerateKey(rand.Reader)
	private, _ := x509.MarshalPKCS8PrivateKey(crypto.PrivateKey(edKey))
	for name, key := range map[string]func() (Key, error){
		"a secret of 31 bytes": func() (Key, error) { return SecretKey("", make31()) },
		"the server's own kid": func() (Key, error) { return SecretKey(ownKeyID, []byte(secret)) },
		"its kid, public":      func() (Key, error) { return PublicKey(ownKeyID, publicPEM(t, edPub)) },
		"no PEM":               func() (Key, error) { return PublicKey("", []byte("ssh-rsa AAAA")) },
		"RSA of 1024 bits":     func() (Key, error) { return PublicKey("", publicPEM(t, &small.PublicKey)) },
		"P-384":                func() (Key, error) { return PublicKey("", publicPEM(t, &p384.PublicKey)) },
		"a private key": func() (Key, error) {
			return PublicKey("", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
		},
	} {
		if _, err := key(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func make31() []byte { return bytes.Repeat([]byte{1}, 31) }

func TestAPIKeys(t *testing.T) {
	one, two := "hk_0123456789abcdefghijklmnop", "hk_zyxwvutsrqponmlkjihgfedcba"
	keys, err := NewAPIKeys(one, two)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{one: true, two: true, "": false, one[:20]: false, one + "x": false, strings.ToUpper(one): false} {
		if got := keys.Allow(key); got != want {
			t.Errorf("Allow(%q) = %v, want %v", key, got, want)
		}
	}
	if (APIKeys{}).Allow("") {
		t.Error("no keys let somebody in")
	}
	if _, err := NewAPIKeys("short"); err == nil {
		t.Error("a short key is accepted")
	}
}

// codeStore keeps codes as chat.AccessStore promises.
type codeStore map[string]chat.LoginCode

func (s codeStore) PutLoginCode(_ context.Context, c chat.LoginCode) error {
	s[string(c.Hash)] = c
	return nil
}

func (s codeStore) TakeLoginCode(_ context.Context, hash []byte, at time.Time) (chat.LoginCode, error) {
	c, ok := s[string(hash)]
	delete(s, string(hash))
	if !ok || !at.Before(c.ExpiresAt) {
		return chat.LoginCode{}, chat.Errorf(chat.NotFound, "no such code")
	}
	return c, nil
}

func TestCodes(t *testing.T) {
	revoked := revocations{}
	v := newVerifier(t, revoked)
	at := now
	v.now = func() time.Time { return at }
	store := codeStore{}
	codes := NewCodes(v, store, time.Minute)
	actor := chat.Actor{UID: "V_7", Agent: "anna", AgentName: "Anna"}
	create := func() string {
		code, expires, err := codes.Create(t.Context(), actor)
		if err != nil || !expires.Equal(at.Add(time.Minute)) {
			t.Fatalf("code until %v, %v", expires, err)
		}
		for hash := range store {
			if strings.Contains(hash, code) {
				t.Error("the store has the code itself")
			}
		}
		return code
	}
	code := create()
	id, err := codes.Redeem(t.Context(), code)
	if err != nil || id.Actor != actor || !id.IssuedAt.Equal(now) || !id.ExpiresAt.Equal(now.Add(MaxTokenLife)) {
		t.Errorf("identity = %+v, %v", id, err)
	}
	_, err = codes.Redeem(t.Context(), code)
	checkCode(t, err, "code_invalid")
	_, err = codes.Redeem(t.Context(), "made-up")
	checkCode(t, err, "code_invalid")

	late := create()
	at = at.Add(time.Minute)
	_, err = codes.Redeem(t.Context(), late)
	checkCode(t, err, "code_invalid")

	before := create()
	revoked["V_7"] = at.Add(time.Second)
	at = at.Add(2 * time.Second)
	_, err = codes.Redeem(t.Context(), before)
	checkCode(t, err, "token_revoked")

	if _, _, err := codes.Create(t.Context(), chat.Actor{UID: "U_g-abc"}); chat.KindOf(err) != chat.Invalid {
		t.Errorf("a code for a guest: %v", err)
	}
}

// secretStore keeps the first of each name, as chat.AccessStore promises.
type secretStore map[string][]byte

func (s secretStore) Secret(_ context.Context, name string, fresh []byte) ([]byte, error) {
	if _, ok := s[name]; !ok {
		s[name] = fresh
	}
	return s[name], nil
}

func TestSecret(t *testing.T) {
	store := secretStore{}
	first, err := Secret(t.Context(), store, SecretTokens, nil)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if again, _ := Secret(t.Context(), store, SecretTokens, nil); !bytes.Equal(again, first) {
		t.Error("another start has another secret")
	}
	key, err := Secret(t.Context(), store, SecretAPIKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := NewAPIKeys(string(key)); err != nil || !keys.Allow(string(key)) || !strings.HasPrefix(string(key), "hk_") {
		t.Errorf("API key %q: %v", key, err)
	}
	if got, _ := Secret(t.Context(), store, SecretTokens, []byte("configured")); string(got) != "configured" {
		t.Errorf("secret %q, want the configured one", got)
	}
}

// jwksServer lists an Ed25519 key under a kid, or is down.
type jwksServer struct {
	down  atomic.Bool
	asked atomic.Int64
	pub   ed25519.PublicKey
}

func (s *jwksServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.asked.Add(1)
	if s.down.Load() {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	data, _ := json.Marshal(map[string]any{"keys": []any{
		map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "j1", "alg": "EdDSA", "x": base64.RawURLEncoding.EncodeToString(s.pub)},
		map[string]any{"kty": "oct", "kid": "sym", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString([]byte(secret))},
	}})
	_, _ = w.Write(data)
}

func newJWKS(t *testing.T, down bool) (*jwksServer, *Verifier, ed25519.PrivateKey) {
	t.Helper()
	pub, key, _ := ed25519.GenerateKey(rand.Reader)
	set := &jwksServer{pub: pub}
	set.down.Store(down)
	srv := httptest.NewServer(set)
	t.Cleanup(srv.Close)
	v, err := NewVerifier(t.Context(), Config{JWKSURL: srv.URL, Own: bytes.Repeat([]byte{7}, 32)}, revocations{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	v.now = func() time.Time { return now }
	return set, v, key
}

func TestJWKS(t *testing.T) {
	set, v, key := newJWKS(t, false)
	if err := v.Health(t.Context()); err != nil {
		t.Errorf("health: %v", err)
	}
	for _, kid := range []string{"j1", ""} {
		if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, key, kid, good(nil))); err != nil {
			t.Errorf("kid %q: %v", kid, err)
		}
	}
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), "sym", good(nil)))
	checkCode(t, err, "token_invalid")
	before := set.asked.Load()
	for range 20 {
		_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, key, "made-up", good(nil)))
		checkCode(t, err, "token_invalid")
	}
	if n := set.asked.Load() - before; n > 1 {
		t.Errorf("made-up kids made the server ask the shop %d times", n)
	}
}

// The library only logs that the URL is down at start; the operator has to be
// told, and nobody's token is called bad for it.
func TestJWKS_downAtStart(t *testing.T) {
	set, v, key := newJWKS(t, true)
	err := v.Health(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nobody can sign in") || !strings.Contains(err.Error(), "502") {
		t.Errorf("health: %v, want what is wrong and why", err)
	}
	set.down.Store(false)
	token := sign(t, jwt.SigningMethodEdDSA, key, "j1", good(nil))
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("the URL is back: %v", err)
	}
	if err := v.Health(t.Context()); err != nil {
		t.Errorf("health: %v", err)
	}
}

func TestJWKS_down(t *testing.T) {
	_, v, key := newJWKS(t, true)
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, key, "j1", good(nil)))
	if chat.AsError(err).Code != "keys_unavailable" || chat.KindOf(err) != chat.Unavailable {
		t.Errorf("error %v, want one that says to try again", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJIUzI1NiIsImtpZCI6ImhhZ2dsZSJ9.eyJleHAiOjFlOTl9.AAAA")
	key, err := SecretKey("", []byte(secret))
	if err != nil {
		f.Fatal(err)
	}
	v, err := NewVerifier(f.Context(), Config{Keys: []Key{key}, Own: bytes.Repeat([]byte{7}, 32)}, revocations{}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if id, err := v.Verify(t.Context(), token); err == nil {
			t.Errorf("accepted as %+v", id)
		}
	})
}
