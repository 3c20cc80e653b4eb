package samplingctl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"
)

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
}

// Handler takes rules and lists them. It belongs at Path.
func (c *Control) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, refused := c.answer(w, r)
		if refused != nil {
			c.options.Audit.Warn("sampling rule refused", "peer", r.RemoteAddr, "status", refused.status, "why", refused.text)
			if refused.status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			http.Error(w, refused.text, refused.status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(body, '\n')) // a client that went away is its own affair
	})
}

func (c *Control) answer(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if refused := c.admit(r); refused != nil {
		return nil, refused
	}
	switch r.Method {
	case http.MethodGet:
		return c.list(), nil
	case http.MethodPost:
		return c.post(w, r)
	}
	w.Header().Set("Allow", "GET, POST")
	return nil, &refusal{http.StatusMethodNotAllowed, "send POST with a rule, or GET for the rules that hold"}
}

// proxied are headers of requests that came through a proxy: what its own address is says nothing of the client.
var proxied = []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"}

// admit lets in who bears the token, or, where there is none, who is on this machine.
func (c *Control) admit(r *http.Request) *refusal {
	if c.options.Token != "" {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		// Of sums, so that how long it takes tells not even the length.
		a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(c.options.Token))
		if !bearer || subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
			return &refusal{http.StatusUnauthorized, "send the token: Authorization: Bearer TOKEN"}
		}
		return nil
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return &refusal{http.StatusForbidden, "without a token only clients on this machine may ask"}
	}
	for _, header := range proxied {
		if r.Header.Get(header) != "" {
			return &refusal{http.StatusForbidden, "without a token no proxy may ask; set one"}
		}
	}
	if r.Header.Get("Origin") != "" { // a page in a browser on this machine
		return &refusal{http.StatusForbidden, "without a token no web page may ask; set one"}
	}
	return nil
}

func (c *Control) post(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "send Content-Type: application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "a rule has at most 4 KiB"}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the body was cut off; send it whole"}
	}
	rule, err := ParseRule(body)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, err.Error()}
	}
	if !c.set(rule) {
		return nil, &refusal{http.StatusConflict, "64 rules hold already; wait until one ends, or replace one by its span_name"}
	}
	c.options.Audit.Info("sampling rule set", "peer", r.RemoteAddr, slog.Group("rule", "span_name", rule.SpanName,
		"rate", rule.Rate, "condition", rule.Condition.String(), "for", rule.Lasting.String()))
	text, _ := json.Marshal(map[string]string{"set": rule.SpanName, "for": rule.Lasting.String()}) // texts
	return text, nil
}
