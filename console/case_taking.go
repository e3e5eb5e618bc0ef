package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/edition"
	"github.com/ringfence/ringfence/casefile/intake"
	"github.com/ringfence/ringfence/guard"
)

// stampPatience is how long time-stamp authorities are waited for.
const stampPatience = 20 * time.Second

// maxUpload is the largest exhibit that is taken in here, with its form.
const maxUpload = 64<<20 + maxForm

// handFor is who acts in this session; when nobody may, it has answered.
func (d *console) handFor(w http.ResponseWriter, r *http.Request) *casefile.Hand {
	h := d.passkeys.hand(d.session(r))
	if h == nil {
		d.problem(w, r, http.StatusForbidden, "Nothing was done: you signed in with a link, or the server was started again since.", "Sign in with a passkey, and do it again.")
	}
	return h
}

// takeIn takes in an exhibit that was uploaded.
func (d *console) takeIn(w http.ResponseWriter, r *http.Request) {
	c, _, ok := d.caseFor(w, r)
	if !ok {
		return
	}
	h := d.handFor(w, r)
	if h == nil {
		return
	}
	parts, err := r.MultipartReader()
	if err == nil {
		err = takeParts(r, c, h, parts)
	}
	if err != nil {
		d.showCase(w, r, "evidence", d.caseEvidence, http.StatusUnprocessableEntity, "It was not taken in: "+inert(err.Error())+".")
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// takeParts reads the form as it comes: the file is last, and is never in memory as a
// whole.
func takeParts(r *http.Request, c *casefile.Case, h *casefile.Hand, parts *multipart.Reader) error {
	var x casefile.Exhibit
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return errors.New("the form has no file")
		}
		if err != nil {
			return err
		}
		if part.FormName() == "file" {
			if x.Name = part.FileName(); x.Name == "" {
				return errors.New("no file was chosen")
			}
			_, err = c.Add(r.Context(), h, x, part)
			return err
		}
		b, err := io.ReadAll(io.LimitReader(part, maxForm))
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(b))
		switch part.FormName() {
		case "source":
			x.Source = text
		case "basis":
			x.Basis = text
		case "reason":
			x.Reason = text
		case "tier":
			x.Tier = casefile.Tier(text)
		default:
			return fmt.Errorf("the form has a field %.40q", part.FormName())
		}
	}
}

// caseOfCampaign begins a case with a campaign.
func (d *console) caseOfCampaign(w http.ResponseWriter, r *http.Request) {
	h := d.handFor(w, r)
	if h == nil {
		return
	}
	if d.Desk.Hunt == nil || d.Desk.Cases == nil {
		d.nowhere(w, r)
		return
	}
	ctx := r.Context()
	found, err := d.Desk.Hunt.Campaign(ctx, r.PathValue("id"))
	if errors.Is(err, guard.ErrNotFound) {
		d.problem(w, r, http.StatusNotFound, "There is no such campaign.", "Choose one from the list.")
		return
	}
	var c *casefile.Case
	if err == nil {
		c, err = d.Desk.Cases.New(ctx, strings.TrimSpace(r.PostFormValue("title")), h)
	}
	if err == nil {
		_, err = intake.Campaign(ctx, c, h, found.Campaign, "own records")
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		d.problem(w, r, http.StatusUnprocessableEntity, "The case could not be begun as it should: "+inert(err.Error())+".", "If it stands in the list of cases, bring the campaign in with ringfence case import.")
		return
	}
	http.Redirect(w, r, "/cases/"+c.ID, http.StatusSeeOther)
}

// exportCase makes an edition and sends it, to whoever's passkey gave its word just
// before.
func (d *console) exportCase(w http.ResponseWriter, r *http.Request) {
	c, _, ok := d.caseFor(w, r)
	if !ok {
		return
	}
	h := d.passkeys.freshHand(d.session(r), d.Now())
	if h == nil {
		d.problem(w, r, http.StatusForbidden, "Nothing was exported: your passkey has not agreed to it just now.", "Go back to the page of the file, and do it again.")
		return
	}
	path, err := d.makeEdition(r, c, h)
	if path != "" {
		defer os.RemoveAll(filepath.Dir(path))
	}
	if err != nil {
		d.showCase(w, r, "file", d.caseFile, http.StatusUnprocessableEntity, "The edition was not made: "+inert(err.Error())+".")
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+filepath.Base(path)+`"`)
	http.ServeFile(w, r, path)
}

func (d *console) makeEdition(r *http.Request, c *casefile.Case, h *casefile.Hand) (path string, err error) {
	name, err := edition.Parse(r.PostFormValue("edition"))
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "ringfence-edition-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, c.ID+"-"+casefile.SafeName(name.Name)+".zip")
	_, err = edition.Export(r.Context(), c, h, path, edition.Options{Edition: name, Reason: strings.TrimSpace(r.PostFormValue("reason")), Now: d.Now(),
		Prove: func(ctx context.Context) ([]string, error) {
			ctx, cancel := context.WithTimeout(ctx, stampPatience)
			defer cancel()
			a, err := c.Room().Anchor(ctx, http.DefaultClient)
			return a.Pending, err
		}})
	return path, err
}
