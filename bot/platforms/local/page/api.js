// Speaking with the server: it is the only place a request goes to.

async function answered(response) {
  const said = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
  if (!response.ok) throw new Error(said.error || `${response.status} ${response.statusText}`);
  return said;
}

export const get = async (path) => answered(await fetch(path));

export const post = async (path, body = {}) =>
  answered(
    await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  );

/** What happens, as it happens: `on` has a function per kind; `opened` is called at every connection, the first too. */
export function listen(on, opened, lost) {
  const source = new EventSource("/api/events");
  source.addEventListener("open", (event) => "data" in event && opened());
  source.addEventListener("error", lost);
  for (const [kind, does] of Object.entries(on)) source.addEventListener(kind, (event) => does(JSON.parse(event.data)));
}
