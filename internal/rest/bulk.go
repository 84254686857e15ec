package rest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

const (
	// maxBulkLines bounds one bulk request, and with it the answer that is kept
	// until the request has been read.
	maxBulkLines = 10_000

	// bulkLineTimeout is how long each line may take to arrive.
	bulkLineTimeout = 30 * time.Second
)

// BulkLine is one line of a bulk request. Exactly one member is set.
type BulkLine struct {
	Product           *ProductPut     `json:"product,omitzero"`
	Participant       *ParticipantPut `json:"participant,omitzero"`
	DeleteProduct     *string         `json:"delete_product,omitzero"`
	DeleteParticipant *string         `json:"delete_participant,omitzero"`
}

// BulkResult says what came of a line.
type BulkResult struct {
	Line  int         `json:"line"` // counted from 1, blank ones too
	OK    bool        `json:"ok"`
	Error *wire.Error `json:"error,omitzero"`
}

type bulkIn struct{ exchange }

type bulkOut struct {
	Body func(ctx huma.Context)
}

func (a *API) bulkRoute() {
	registry := a.huma.OpenAPI().Components.Schemas
	a.bulkSchema = huma.SchemaFromType(registry, reflect.TypeFor[BulkLine]())
	op := post("/v1/server/bulk", "bulk", tagServer, "Many products and participants at once",
		"One JSON object a line, with one of the members `product`, `participant` (as the PUTs take them, with their id or "+
			"uid), `delete_product`, `delete_participant`. A result per line comes back, in order; a bad line fails alone. "+
			"At most 10,000 lines of at most 64 KiB: from the 10,001st on nothing is done, and its result says `too_many_lines`.")
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		mediaNDJSON: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "Lines of BulkLine, see the schemas"}},
	}}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Lines of BulkResult",
		Content:     map[string]*huma.MediaType{mediaNDJSON: {Schema: huma.SchemaFromType(registry, reflect.TypeFor[BulkResult]())}},
	}}
	backendIn(a, op, a.bulk)
}

func (a *API) bulk(ctx context.Context, in *bulkIn) (*bulkOut, error) {
	if media, _, err := mime.ParseMediaType(in.r.Header.Get("Content-Type")); err != nil || media != mediaNDJSON {
		return nil, failureFor(ctx, http.StatusUnsupportedMediaType)
	}
	var results bytes.Buffer
	if err := a.bulkLines(ctx, in, &results); err != nil {
		return nil, err
	}
	return &bulkOut{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", mediaNDJSON)
		ctx.SetStatus(http.StatusOK)
		_, _ = ctx.BodyWriter().Write(results.Bytes()) // whoever left needs no answer
	}}, nil
}

// bulkLines does line by line what the request says. The results are written
// when all of it has been read: most clients send everything before they read.
func (a *API) bulkLines(ctx context.Context, in *bulkIn, results *bytes.Buffer) error {
	deadline := http.NewResponseController(in.w)
	lines := bufio.NewReaderSize(in.r.Body, a.svc.Limits().BulkLineBytes+len("\r\n"))
	for n := 1; ; n++ {
		// A writer that has no deadline keeps the server's own.
		_ = deadline.SetReadDeadline(time.Now().Add(bulkLineTimeout))
		line, err := readLine(lines)
		last := errors.Is(err, io.EOF)
		if err != nil && !last && chat.KindOf(err) == chat.Internal {
			return &chat.Error{Kind: chat.Invalid, Code: "incomplete", Msg: "the request did not arrive whole", Err: err}
		}
		if last && len(line) == 0 {
			return nil
		}
		if n > maxBulkLines {
			return a.bulkResult(ctx, results, n, chat.Codef(chat.TooLarge, "too_many_lines", "a request has at most %d lines", maxBulkLines))
		}
		if err == nil || last {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			err = a.bulkLine(ctx, line)
		}
		if err := a.bulkResult(ctx, results, n, err); err != nil || last {
			return err
		}
	}
}

// readLine returns the next line. One that is too long is passed over and comes
// back as an error of its own; io.EOF comes with what was left.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, chat.Codef(chat.TooLarge, "line_too_long", "a line is longer than %d bytes", r.Size()-len("\r\n"))
}

func (a *API) bulkLine(ctx context.Context, line []byte) error {
	var l BulkLine
	if err := wire.Decode(line, &l); err != nil {
		return err
	}
	if err := a.checkLine(line); err != nil {
		return err
	}
	set := 0
	for _, is := range []bool{l.Product != nil, l.Participant != nil, l.DeleteProduct != nil, l.DeleteParticipant != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return chat.Codef(chat.Invalid, "invalid_line", "a line has one of product, participant, delete_product, delete_participant")
	case l.Product != nil:
		return a.svc.Backend().PutProduct(ctx, l.Product.product())
	case l.Participant != nil:
		return a.svc.Backend().PutParticipant(ctx, l.Participant.participant())
	case l.DeleteProduct != nil:
		return a.removeProduct(ctx, *l.DeleteProduct)
	}
	return a.removeParticipant(ctx, *l.DeleteParticipant)
}

// checkLine holds a line to the schema that the PUTs hold their bodies to: what is
// left out would be stored as nothing.
func (a *API) checkLine(line []byte) error {
	var v any
	if err := wire.Decode(line, &v); err != nil {
		return err
	}
	var found huma.ValidateResult
	huma.Validate(a.huma.OpenAPI().Components.Schemas, a.bulkSchema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, v, &found)
	if len(found.Errors) == 0 {
		return nil
	}
	return chat.Codef(chat.Invalid, "invalid_request", "%s", printable(wordsOf(found.Errors, "not a valid line")))
}

func (a *API) bulkResult(ctx context.Context, results *bytes.Buffer, n int, err error) error {
	res := BulkResult{Line: n, OK: err == nil}
	if err != nil {
		res.Error = &a.failure(ctx, err).Err
		res.Error.RequestID = ""
	}
	data, err := wire.Encode(res)
	if err != nil {
		return err
	}
	results.Write(data)
	results.WriteByte('\n')
	return nil
}
