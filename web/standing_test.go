package web_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// ringfence runs a command on the data folder of the running service.
func (s *server) ringfence(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(s.binary, append(args, "--data", s.data)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("ringfence %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// A new person reads the terms and accepts them; a new account that looks like a
// banned one is told so, once, and can say something; and a banned person learns it
// and can object. All of it also in Arabic, on a phone, in the dark.
func TestStanding(t *testing.T) {
	chromium := browser.Start(t)
	file := filepath.Join(t.TempDir(), "terms.txt")
	if err := os.WriteFile(file, []byte("Version 2026-11\n\nDo not attack <b>anybody</b>.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "--relay", "127.0.0.1:0", "--terms", file)
	ada := open(t, chromium, "ada", 1280, 800)
	ada.do(chromedp.Navigate(s.invite("")))
	ada.fill("#name", "ada")
	ada.until("there are terms", `document.querySelector("#terms")`)
	ada.button("Join")
	ada.untilText("Read the terms of service and accept them first.")
	ada.click("details summary")
	ada.untilText("Do not attack <b>anybody</b>.")
	ada.readable("the terms")
	ada.shoot("80-terms")
	ada.click("#terms")
	ada.button("Join")
	ada.until("the house is open", `document.querySelector(".frame")`)

	print := s.printOf("ada")
	s.ringfence("ban", "add", "print", print, "--reason", "rings strangers", "--by", "mara", "--and", "noor")
	eve := open(t, chromium, "eve", 390, 844)
	eve.dark(true)
	eve.do(chromedp.Navigate(s.invite("")))
	eve.until("there are terms", `document.querySelector("#terms")`)
	eve.click("#terms")
	eve.fill("#name", "eve")
	eve.button("Join")
	eve.untilText("Some of your calls do not ring")
	eve.readable("calls that do not ring")
	eve.fits()
	eve.shoot("81-held-phone-dark")
	eve.fill("#asked", "I bought this phone yesterday.")
	eve.button("Send it")
	eve.until("it is sent", `!document.querySelector("dialog")`)
	if out := s.flags(); !strings.Contains(out, "I bought this phone yesterday.") || strings.Contains(out, "ada") {
		t.Errorf("flags: %s", out)
	}
	ada.do(chromedp.Reload())
	ada.until("the house is open", `document.querySelector(".frame")`)
	if eval[bool](ada, `!!document.querySelector("dialog")`) {
		t.Error("who was there before the ban is asked something")
	}

	s.ringfence("ban", "add", "account", "eve", "--reason", "a secret of the case", "--by", "mara")
	eve.untilText("This account is closed")
	eve.readable("a closed account")
	eve.fits()
	eve.shoot("82-banned-phone-dark")
	if strings.Contains(eve.text(), "secret") {
		t.Error("the reason is shown")
	}
	eval[bool](eve, `(localStorage.setItem("language", "ar"), true)`)
	eve.do(chromedp.Reload())
	eve.untilText("هذا الحساب مغلق")
	eve.fits()
	eve.shoot("83-banned-arabic")
	eve.fill("#objection", "They were my cousins.")
	eve.click(".objection button")
	eve.untilText("وصل. سيقرؤه شخص.") // the first word: it has arrived
	if out := s.ringfence("ban", "show", "B-2026-0002"); !strings.Contains(out, "They were my cousins.") {
		t.Errorf("the ban: %s", out)
	}
}

// printOf is the print that an account's client shows.
func (s *server) printOf(name string) string {
	s.t.Helper()
	for range 100 { // it shows it when it connects
		var out struct{ Prints []struct{ Value string } }
		if err := json.Unmarshal([]byte(s.ringfence("ban", "prints", name, "--json")), &out); err != nil {
			s.t.Fatal(err)
		}
		if len(out.Prints) == 1 {
			return out.Prints[0].Value
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatalf("%s shows no print", name)
	return ""
}

// flags are the flags that wait; that there are some is told by the exit code, 3.
func (s *server) flags() string {
	s.t.Helper()
	run := exec.Command(s.binary, "ban", "flags", "--data", s.data)
	out, err := run.Output()
	if run.ProcessState.ExitCode() != 3 {
		s.t.Errorf("ban flags: %v %s", err, out)
	}
	return string(out)
}
