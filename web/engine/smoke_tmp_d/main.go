package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><script src="/wasm_exec.js"></script><script>
const ready=new Promise(r=>addEventListener("ringfence-ready",r,{once:true}));
const go=new Go();WebAssembly.instantiateStreaming(fetch("/engine.wasm"),go.importObject).then(r=>go.run(r.instance));
async function t(){await ready; const out=[]; ringfence.listen(e=>out.push(JSON.stringify(e)));
 const me=await ringfence.open(); out.push(JSON.stringify(me));
 try{await ringfence.register("x","alice")}catch(e){out.push(e.code+"|"+e.message+"|"+e.hint)}
 try{await ringfence.connect()}catch(e){out.push(e.code+"|"+e.message)}
 try{await ringfence.accept("zz")}catch(e){out.push(e.code+"|"+e.message)}
 out.push(JSON.stringify(await ringfence.contacts()), Object.keys(ringfence).sort().join());
 return out.join("\n")}
</script>`)
	})
	mux.HandleFunc("/wasm_exec.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "/usr/local/go/lib/wasm/wasm_exec.js") })
	mux.HandleFunc("/engine.wasm", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Type", "application/wasm"); http.ServeFile(w, r, os.Args[1]) })
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) { http.Error(w, `{"error":{"code":"x","message":"no\u0007pe","hint":"h"}}`, 404) })
	s := httptest.NewServer(mux)
	ctx, c := context.WithTimeout(context.Background(), time.Minute)
	defer c()
	ctx, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.Headless)
	defer stop()
	ctx, leave := chromedp.NewContext(ctx)
	defer leave()
	url := "http://localhost" + s.URL[len("http://127.0.0.1"):]
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(chromedp.Run(ctx, chromedp.Evaluate[string]("t()", chromedp.EvalAwaitPromise)))
}
