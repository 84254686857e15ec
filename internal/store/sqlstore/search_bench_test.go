package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// Of the shops of a marketplace one searches: what the others' buyers wrote is in the
// same index.
const (
	manyShops      = 300
	perShop        = 300 // messages, of ten buyers
	wordsInMessage = 10
)

// BenchmarkSearchAmongShops measures a page of 30 of what one shop finds among the
// messages of many, by a word that is rare and by the beginning of words: a letter, two, a
// digit, a character.
func BenchmarkSearchAmongShops(b *testing.B) {
	s := openBench(b)
	fillShops(b, s)
	for _, tc := range [][2]string{
		{"rare", "w4000"},
		{"two_letters", "a0"},
		{"both", "a0 b1"},
		{"letter", "a"},
		{"digit", "5"},
		{"character", "发"},
		{"characters", "发货"},
	} {
		b.Run(tc[0], func(b *testing.B) {
			found := 0
			for b.Loop() {
				list, err := s.SearchMessages(b.Context(), chat.MessageQuery{UID: "V_1", Text: tc[1], Limit: 30})
				if err != nil {
					b.Fatal(err)
				}
				found = len(list)
			}
			b.ReportMetric(float64(found), "found")
		})
	}
}

// fillShops lets buyers of all shops write in turn, as they do.
func fillShops(b *testing.B, s *sqlstore.Store) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	said := make([][]string, manyShops)
	for shop := range said {
		for range perShop {
			said[shop] = append(said[shop], sentence(random))
		}
	}
	var wg sync.WaitGroup
	for shop, texts := range said {
		wg.Go(func() {
			for n, text := range texts {
				a := begin(shop*10+n%10, fmt.Sprint("shop", shop, "-", n))
				a.Start.Other, a.Blocks[0].Text = chat.UID(fmt.Sprintf("V_%d", shop)), text
				a.SentAt = a.SentAt.Add(time.Duration(n*manyShops+shop) * time.Second)
				if _, err := s.Append(b.Context(), a); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for done := 1; done > 0; {
		var err error
		if done, err = s.IndexMessages(b.Context(), 2000); err != nil {
			b.Fatal(err)
		}
	}
}

// sentence is words of a language in which the n-th word is said 1/n as often as the
// first; one in ten is a number, and some are Chinese.
func sentence(random *rand.Rand) string {
	words := make([]string, wordsInMessage)
	zipf := rand.NewZipf(random, 1.1, 1, 4999)
	for i := range words {
		switch n := zipf.Uint64(); random.IntN(10) {
		case 0:
			words[i] = fmt.Sprint(random.IntN(1000))
		case 1:
			words[i] = []string{"今天发货", "发了吗", "有货吗", "发票"}[random.IntN(4)]
		default:
			words[i] = fmt.Sprintf("%c%d", 'a'+rune(n%26), n)
		}
	}
	return strings.Join(words, " ")
}
