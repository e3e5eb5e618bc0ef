// The token of a sign-in link stands behind its "#", where no server or proxy
// sees it. It is taken out of the address bar and the history, and sent once.
const form = document.querySelector("[data-sign-in]");

function redeem() {
  const token = location.hash.slice(1);
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return;
  history.replaceState(null, "", location.pathname);
  form.token.value = token;
  form.requestSubmit();
}

addEventListener("hashchange", redeem); // the link was opened where this page already was
redeem();
