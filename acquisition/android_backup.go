package acquisition

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

func init() {
	register(recogniser{kind: AndroidBackup, marks: "the header ANDROID BACKUP of an .ab file, or its apps/ folder", order: 70, recognise: androidBackup,
		keeps: func(string, func(string) bool) bool { return true }})
}

// androidBackup opens an .ab file, or the folder that one unpacks to.
func androidBackup(g *candidate) ([]*Acquisition, error) {
	var file entry
	unpacked := false
	g.storage.each("", false, func(e entry) bool {
		switch {
		case e.dir && e.path == "apps":
			unpacked = true
		case !e.dir && e.link == "" && file.path == "" && bytes.HasPrefix(g.beginning(e, int64(len(abMagic)+1)), []byte(abMagic+"\n")):
			file = e
		}
		return true
	})
	switch {
	case file.path != "":
		return g.ab(file)
	case unpacked:
		return g.unpackedBackup()
	}
	return nil, nil
}

// ab reads a backup once: it is a stream, of which what is wanted is kept aside.
func (g *candidate) ab(e entry) ([]*Acquisition, error) {
	r, err := stream(g.storage, e)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in, head, err := openAB(g.told(r, e), g.Password)
	if err != nil {
		return nil, err
	}
	t := &listed{candidate: g}
	if err := t.tar(tar.NewReader(in), g.stored+e.path+"!"); err != nil {
		g.problems.add(g.stored+e.path, err)
	}
	a := g.acquisition(AndroidBackup, t)
	a.Encrypted = head.encrypted
	return []*Acquisition{a}, nil
}

// tar lists what a backup's stream holds. An entry that is cut short is listed
// and marked.
func (t *listed) tar(in *tar.Reader, stored string) error {
	for range maxEntries {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the backup is damaged or cut short: %w", err)
		}
		name, err := cleanName(h.Name)
		if err != nil {
			t.problems.add(stored+h.Name, err)
			continue
		}
		f := File{Path: "/" + name, Stored: stored + name, Size: h.Size, Mode: uint32(h.Mode), UID: h.Uid, GID: h.Gid, Modified: h.ModTime, Dir: h.Typeflag == tar.TypeDir, Link: h.Linkname}
		if h.Typeflag == tar.TypeReg {
			if err := t.content(&f, in); err != nil {
				f.Note = "cut short: " + err.Error()
				t.files = append(t.files, f)
				return err
			}
		}
		t.files = append(t.files, f)
	}
	return fmt.Errorf("%w: more than %d files", ErrLimit, maxEntries)
}

func (t *listed) content(f *File, in io.Reader) error {
	a := t.keep(f.Path)
	if a == nil {
		return nil
	}
	f.key = opener(func() (Content, error) { return a, nil })
	_, err := io.Copy(a, in)
	return err
}

func (g *candidate) unpackedBackup() ([]*Acquisition, error) {
	ours := false
	err := g.storage.each("apps", true, func(e entry) bool {
		// "apps/PACKAGE/_manifest", or one of the folders of its domains
		parts := strings.Split(e.path, "/")
		ours = ours || len(parts) == 3 && (parts[2] == "_manifest" || parts[2] == "d_f" || parts[2] == "f" || parts[2] == "db" || parts[2] == "sp" || parts[2] == "r")
		return !ours
	})
	if err != nil || !ours {
		return nil, err
	}
	t := mapped{g, func(stored string) string { return "/" + stored }}
	return []*Acquisition{g.acquisition(AndroidBackup, t)}, nil
}
