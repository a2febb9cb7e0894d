package html

// The elements of our pages.

func A(parts ...Part) Part       { return Element("a", parts...) }
func B(parts ...Part) Part       { return Element("b", parts...) }
func Bdi(parts ...Part) Part     { return Element("bdi", parts...) }
func Body(parts ...Part) Part    { return Element("body", parts...) }
func Button(parts ...Part) Part  { return Element("button", parts...) }
func Code(parts ...Part) Part    { return Element("code", parts...) }
func Dd(parts ...Part) Part      { return Element("dd", parts...) }
func Details(parts ...Part) Part { return Element("details", parts...) }
func Div(parts ...Part) Part     { return Element("div", parts...) }
func Dl(parts ...Part) Part      { return Element("dl", parts...) }
func Dt(parts ...Part) Part      { return Element("dt", parts...) }
func Em(parts ...Part) Part      { return Element("em", parts...) }
func Footer(parts ...Part) Part  { return Element("footer", parts...) }
func Form(parts ...Part) Part    { return Element("form", parts...) }
func H1(parts ...Part) Part      { return Element("h1", parts...) }
func H2(parts ...Part) Part      { return Element("h2", parts...) }
func H3(parts ...Part) Part      { return Element("h3", parts...) }
func Head(parts ...Part) Part    { return Element("head", parts...) }
func Header(parts ...Part) Part  { return Element("header", parts...) }
func HTML(parts ...Part) Part    { return Element("html", parts...) }
func Img(parts ...Part) Part     { return Element("img", parts...) }
func Input(parts ...Part) Part   { return Element("input", parts...) }
func Label(parts ...Part) Part   { return Element("label", parts...) }
func Li(parts ...Part) Part      { return Element("li", parts...) }
func Link(parts ...Part) Part    { return Element("link", parts...) }
func Main(parts ...Part) Part    { return Element("main", parts...) }
func Meta(parts ...Part) Part    { return Element("meta", parts...) }
func Ol(parts ...Part) Part      { return Element("ol", parts...) }
func Output(parts ...Part) Part  { return Element("output", parts...) }
func P(parts ...Part) Part       { return Element("p", parts...) }
func Section(parts ...Part) Part { return Element("section", parts...) }
func Span(parts ...Part) Part    { return Element("span", parts...) }
func Strong(parts ...Part) Part  { return Element("strong", parts...) }
func Summary(parts ...Part) Part { return Element("summary", parts...) }
func Table(parts ...Part) Part   { return Element("table", parts...) }
func Tbody(parts ...Part) Part   { return Element("tbody", parts...) }
func Td(parts ...Part) Part      { return Element("td", parts...) }
func Th(parts ...Part) Part      { return Element("th", parts...) }
func Thead(parts ...Part) Part   { return Element("thead", parts...) }
func Title(parts ...Part) Part   { return Element("title", parts...) }
func Tr(parts ...Part) Part      { return Element("tr", parts...) }
func Ul(parts ...Part) Part      { return Element("ul", parts...) }

// Attributes that stand on many of them.

func Class(value string) Part { return Attribute("class", value) }
func ID(value string) Part    { return Attribute("id", value) }

// Script loads a script from an address, and can hold none.
func Script(source string) Part { return Element("script", Attribute("src", source), Mark("defer")) }

// Stylesheet takes the look of the page from an address.
func Stylesheet(address string) Part {
	return Link(Attribute("rel", "stylesheet"), Attribute("href", address))
}

// Basics are what the head of every page has: its encoding, its width on any screen, and its title.
func Basics(title string) Part {
	return All(Meta(Attribute("charset", "utf-8")),
		Meta(Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
		Title(Text(title)))
}
