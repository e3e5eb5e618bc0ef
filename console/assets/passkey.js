// Passkeys: signing in with one, and adding one. Nothing of it works without a
// browser that knows them, and the page says so.
async function send(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await response.json().catch(() => ({ wrong: "The server did not answer as it should. Try again." }));
  if (!response.ok) throw new Error(said.wrong);
  return said;
}

function form(selector, run) {
  const element = document.querySelector(selector);
  if (!element) return;
  const wrong = element.querySelector("[data-wrong]");
  element.addEventListener("submit", async event => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      if (!globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON) throw new Error("This browser knows no passkeys.");
      location.assign((await run(element)).to);
    } catch (error) {
      wrong.textContent = error.name === "NotAllowedError" ? "It was not allowed, or took too long. Nothing was changed." : error.message;
    }
  });
}

form("[data-add-passkey]", async element => {
  const options = await send("/me/passkey/begin", {});
  const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  return send("/me/passkey/finish", { label: element.label.value, credential: made.toJSON() });
});

async function assert(name) {
  const options = await send("/passkey/begin", { name });
  return (await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();
}

// A form that asks for a fresh word of the passkey is sent once it has it.
for (const element of document.querySelectorAll("form[data-step-up]")) {
  const wrong = element.querySelector("[data-wrong]");
  element.addEventListener("submit", async event => {
    if (element.dataset.stepped) {
      delete element.dataset.stepped;
      return;
    }
    event.preventDefault();
    wrong.textContent = "";
    try {
      await send("/me/passkey/again", await assert(element.dataset.stepUp));
      element.dataset.stepped = "yes";
      element.requestSubmit();
    } catch (error) {
      wrong.textContent = error.name === "NotAllowedError" ? "It was not allowed, or took too long. Nothing was done." : error.message;
    }
  });
}

form("[data-use-passkey]", async element => send("/passkey/finish", await assert(element.elements.name.value.trim())));
