package api

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
)

type dumpInput struct {
	SessionPath
	Format string `query:"format" enum:"v3,raw" default:"v3" doc:"v3: RTCStatsDump version 3, which the public dump importer opens; raw: the frames as they were received"`
	Gzip   bool   `query:"gzip" default:"true" doc:"false: v3 as plain text. raw is always packed"`
}

type importInput struct {
	AppPath
	Request
	Name string `query:"name" maxLength:"512" doc:"The file's name, for messages"`
}

func (a *API) fileRoutes() {
	const tag = "dumps"
	op := route(http.MethodGet, "/apps/{app}/calls/{call}/sessions/{session}/dump", "getDump", tag, "The dump of a session")
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
		"application/gzip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		"text/plain":       {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	huma.Register(a.huma, op, func(ctx context.Context, in *dumpInput) (*huma.StreamResponse, error) {
		out, err := a.dump(ctx, in)
		if err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		return out, nil
	})

	op = route(http.MethodPost, "/apps/{app}/import", "importDump", tag, "Import a dump or an export as a call; the body is the file, plain or gzip")
	op.DefaultStatus = http.StatusCreated
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	answer(a, op, a.importFile)
}

func (a *API) dump(ctx context.Context, in *dumpInput) (*huma.StreamResponse, error) {
	session, err := a.oneSession(ctx, &in.SessionPath)
	if err != nil {
		return nil, err
	}
	if session.Dump == "" {
		return nil, fail(http.StatusNotFound, codeNotFound, "The dump is not there yet: it is written when the session is over.")
	}
	file, info, err := a.Blob.Get(ctx, session.Dump)
	if err != nil {
		return nil, err
	}
	if in.Format == "raw" {
		return download(session.ID, "raw.gz", "application/gzip", info.Changed, func(w io.Writer) error {
			defer func() { _ = file.Close() }() // read only
			_, err := io.Copy(w, file)
			return err
		}, a, ctx), nil
	}
	source, err := dump.Open(file)
	if err != nil {
		_ = file.Close() // read only
		return nil, fmt.Errorf("open dump %s: %w", session.Dump, err)
	}
	write := func(w io.Writer) error {
		defer func() { _ = file.Close() }() // read only
		return dump.WriteV3(w, source)
	}
	if !in.Gzip {
		return download(session.ID, "rtcstats.txt", "text/plain; charset=utf-8", info.Changed, write, a, ctx), nil
	}
	return download(session.ID, "rtcstats.gz", "application/gzip", info.Changed, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if err := write(z); err != nil {
			return err
		}
		return z.Close()
	}, a, ctx), nil
}

// download sends a file. Where writing fails midway the connection is cut, so
// that nobody takes the half of it for the whole.
func download(id rtc.SessionID, suffix, contentType string, changed time.Time, write func(io.Writer) error, a *API, ctx context.Context) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="peerglass-%s.%s"`, id, suffix))
		h.Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
		if err := write(w); err != nil {
			if ctx.Err() == nil {
				a.Log.ErrorContext(ctx, "write dump", "session", id.String(), "error", err)
			}
			panic(http.ErrAbortHandler)
		}
	}}
}

func (a *API) importFile(ctx context.Context, in *importInput) (Imported, error) {
	app, err := in.scope(ctx)
	if err != nil {
		return Imported{}, err
	}
	if _, err := a.Settings.IngestApp(ctx, app); err != nil {
		return Imported{}, err
	}
	counted := &counting{r: in.r.Body} // Import bounds it
	name := in.Name
	if name == "" {
		name = "the file"
	}
	call, err := a.Import(ctx, app, name, counted, nil)
	if err != nil {
		return Imported{}, err
	}
	out := Imported{App: uint32(app), Call: call.String(), Bytes: counted.n, URL: ConsolePath(app, call)}
	sessions, err := a.Query.Sessions(ctx, app, call)
	for _, s := range sessions {
		out.Protocol, out.Records = s.Protocol, out.Records+s.Records
	}
	return out, err
}

// ConsolePath is where a call is in the console.
func ConsolePath(app rtc.AppID, call rtc.CallID) string {
	return fmt.Sprintf("/calls/%s?app=%d", call, app)
}

type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
