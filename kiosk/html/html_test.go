package html_test

import (
	"fmt"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"selfpay/kiosk/html"
)

func Example() {
	fees := []string{"Overdue", "Lost <card>"}
	page, err := html.Write(html.All(
		html.Ul(html.Class("fees"), html.Each(fees, func(fee string) html.Part { return html.Li(html.Text(fee)) })),
		html.If(len(fees) > 0, html.Button(html.Attribute("data-action", "pay"), html.Text("Pay"))),
		html.If(len(fees) == 0, html.P(html.Text("Nothing is owed.")))))
	fmt.Println(page, err)
	// Output: <ul class="fees"><li>Overdue</li><li>Lost &lt;card&gt;</li></ul><button data-action="pay">Pay</button> <nil>
}

func write(t *testing.T, parts ...html.Part) string {
	t.Helper()
	written, err := html.Write(html.All(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// FuzzForeignTextStaysText puts any text everywhere it may stand, and has another reader find it again, and nothing else.
func FuzzForeignTextStaysText(f *testing.F) {
	for _, seed := range []string{"", "4,50 €", `</p><script>alert(1)</script>`, `" onload="alert(1)`, "' x='", "&lt;&amp;&#34;", "<!-- ", "]]>", "\x00\xff", "a\r\nb", "\u202e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, foreign string) {
		written := write(t, html.Div(html.Attribute("data-name", foreign), html.P(html.Text(foreign))), html.Span(html.Text(foreign)))
		root, err := nethtml.Parse(strings.NewReader(written))
		if err != nil {
			t.Fatal(err)
		}
		var elements []string
		for n := range root.Descendants() {
			switch n.Type {
			case nethtml.ElementNode:
				elements = append(elements, n.Data)
				if want := map[bool]int{true: 1}[n.Data == "div"]; len(n.Attr) != want {
					t.Errorf("%q: %s has %v", foreign, n.Data, n.Attr)
				}
			case nethtml.TextNode:
			default:
				t.Errorf("%q is read as %v", foreign, n.Type)
			}
		}
		if got := strings.Join(elements, " "); got != "html head body div p span" {
			t.Errorf("%q is read as %s", foreign, got)
		}
	})
}

func TestAPageIsReadAsItWasBuilt(t *testing.T) {
	got := write(t, html.Doctype(), html.HTML(html.Attribute("lang", "de"),
		html.Head(html.Meta(html.Attribute("charset", "utf-8")), html.Script("/page.js")),
		html.Body(html.Main(html.ID("main"), html.Mark("hidden"), nil, html.All(html.P(html.Text("a")), html.Drawing(`<svg><path d="M0 0"/></svg>`))))))
	want := `<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"/><script src="/page.js" defer=""></script></head>` +
		`<body><main id="main" hidden=""><p>a</p><svg><path d="M0 0"/></svg></main></body></html>`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestAVoidElementWithSomethingInItIsRefused(t *testing.T) {
	if written, err := html.Write(html.Img(html.Text("a"))); err == nil {
		t.Errorf("written: %s", written)
	}
}
