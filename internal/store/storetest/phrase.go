package storetest

import (
	"slices"
	"strconv"
	"testing"

	"haggle/internal/chat"
)

func phraseCases() []testCase {
	return []testCase{
		{"an owner's phrases by place, and nobody else's", testPhrases},
		{"a phrase kept again is the same phrase", testPhraseAgain},
		{"no more than there may be", testPhraseBound},
	}
}

var (
	ofShop = chat.PhraseOwner{Merchant: merchant}
	ofMei  = chat.PhraseOwner{Merchant: merchant, Agent: "mei"}
)

func phrase(owner chat.PhraseOwner, id string, place int64) chat.Phrase {
	return chat.Phrase{ID: chat.PhraseID(id), Owner: owner, Title: "title of " + id, Text: "亲，" + everyText(), Place: place}
}

func mustPut(t *testing.T, s chat.Store, p chat.Phrase) {
	t.Helper()
	if err := s.PutPhrase(t.Context(), p, 100); err != nil {
		t.Fatalf("put phrase %s: %v", p.ID, err)
	}
}

func wantPhrases(t *testing.T, s chat.Store, owner chat.PhraseOwner, want ...chat.Phrase) {
	t.Helper()
	got, err := s.Phrases(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "phrases of "+string(owner.Merchant)+"/"+string(owner.Agent), want, got)
}

func testPhrases(t *testing.T, s chat.Store) {
	b, a, c := phrase(ofShop, "b", 2), phrase(ofShop, "a", 2), phrase(ofShop, "c", 1)
	mine := phrase(ofMei, "a", 1)
	other := phrase(chat.PhraseOwner{Merchant: "V_2"}, "a", 1)
	cased := phrase(chat.PhraseOwner{Merchant: merchant, Agent: "MEI"}, "A", 1)
	for _, p := range []chat.Phrase{b, a, c, mine, other, cased} {
		mustPut(t, s, p)
	}
	wantPhrases(t, s, ofShop, c, a, b)
	wantPhrases(t, s, ofMei, mine)
	wantPhrases(t, s, cased.Owner, cased)
	wantPhrases(t, s, chat.PhraseOwner{Merchant: "V_3"})

	for range 2 { // gone is gone
		if err := s.DeletePhrase(t.Context(), ofMei, "a"); err != nil {
			t.Fatal(err)
		}
	}
	wantPhrases(t, s, ofMei)
	wantPhrases(t, s, ofShop, c, a, b)
	wantPhrases(t, s, other.Owner, other)
}

func testPhraseAgain(t *testing.T, s chat.Store) {
	p := phrase(ofMei, "a", 1)
	mustPut(t, s, p)
	mustPut(t, s, p)
	p.Title, p.Text, p.Place = "", "another", 7
	mustPut(t, s, p)
	wantPhrases(t, s, ofMei, p)
}

func testPhraseBound(t *testing.T, s chat.Store) {
	var all []chat.Phrase
	for i := range 3 {
		p := phrase(ofMei, strconv.Itoa(i), int64(i))
		if err := s.PutPhrase(t.Context(), p, 3); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	wantError(t, s.PutPhrase(t.Context(), phrase(ofMei, "3", 3), 3), chat.TooLarge, "too_many_phrases")
	all[1].Text = "changed" // that is not another
	if err := s.PutPhrase(t.Context(), all[1], 3); err != nil {
		t.Errorf("change one of three: %v", err)
	}
	if err := s.PutPhrase(t.Context(), phrase(ofShop, "0", 0), 3); err != nil {
		t.Errorf("the first of another owner's: %v", err)
	}
	wantPhrases(t, s, ofMei, slices.Clone(all)...)
}
