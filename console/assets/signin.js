// The token of a sign-in link stands behind its "#", where no server or proxy
// sees it. It is taken out of the address bar and the history, and sent once.
const token = location.hash.slice(1);
const form = document.querySelector("[data-sign-in]");
if (form && /^[A-Za-z0-9_-]{43}$/.test(token)) {
  history.replaceState(null, "", location.pathname);
  form.token.value = token;
  form.requestSubmit();
}
