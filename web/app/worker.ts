// The service worker. It keeps what is named by its hash, and nothing else: a
// page, a message or an answer of the server never enters the cache.

declare const HASHED: string[]; // the assets of this build, written in by the build

const worker = self as unknown as ServiceWorkerGlobalScope;
const cacheName = "hashed";
const hashed = new Set(HASHED);

interface ServiceWorkerGlobalScope extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  location: Location;
}
interface Extendable extends Event { waitUntil(p: Promise<unknown>): void }
interface Fetch extends Extendable { request: Request; respondWith(p: Promise<Response>): void }

worker.addEventListener("install", (e) => (e as Extendable).waitUntil(worker.skipWaiting()));

worker.addEventListener("activate", (e) => (e as Extendable).waitUntil((async () => {
  const cache = await caches.open(cacheName);
  for (const request of await cache.keys()) {
    if (!hashed.has(new URL(request.url).pathname)) await cache.delete(request);
  }
  await worker.clients.claim();
})()));

worker.addEventListener("fetch", (e) => {
  const fetching = e as Fetch;
  const url = new URL(fetching.request.url);
  if (fetching.request.method !== "GET" || url.origin !== worker.location.origin || !hashed.has(url.pathname)) return;
  fetching.respondWith((async () => {
    const cache = await caches.open(cacheName);
    const kept = await cache.match(url.pathname);
    if (kept) return kept;
    const fresh = await fetch(fetching.request);
    if (fresh.ok) await cache.put(url.pathname, fresh.clone());
    return fresh;
  })());
});

export {};
