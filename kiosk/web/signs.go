package web

import "selfpay/kiosk/html"

// The drawings of the screens: one line weight, the colour of the words around them.
var (
	signErase   = html.Drawing(`<svg class="key" viewBox="0 0 48 48" aria-hidden="true"><path d="M17 10h24v28H17L5 24z M24 18l11 12 M35 18L24 30"/></svg>`)
	signGlobe   = html.Drawing(`<svg class="globe" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="20"/><path d="M4 24h40 M24 4c-14 12-14 28 0 40 M24 4c14 12 14 28 0 40"/></svg>`)
	signAids    = html.Drawing(`<svg class="globe" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="20"/><circle class="dot" cx="24" cy="13" r="2"/><path d="M13 19c7 3 15 3 22 0 M24 21v8 M24 29l-5 9 M24 29l5 9"/></svg>`)
	signScan    = html.Drawing(`<svg class="sign" viewBox="0 0 160 120" aria-hidden="true"><rect class="sheet" x="14" y="14" width="132" height="92" rx="12"/><path d="M34 34h50 M34 48h30"/><path class="bars" d="M36 68v24 M44 68v24 M56 68v24 M62 68v24 M74 68v24 M86 68v24 M92 68v24 M104 68v24 M112 68v24 M124 68v24"/><path class="beam" d="M4 80h152"/></svg>`)
	signCard    = html.Drawing(`<svg class="sign" viewBox="0 0 160 140" aria-hidden="true"><g class="card goes-in"><rect class="sheet" x="32" y="82" width="46" height="54" rx="6"/><path d="M42 112h26 M42 124h14"/></g>` + terminalShape + `<path class="wave" d="M104 40a24 24 0 0 1 0 34"/><path class="wave second" d="M117 27a43 43 0 0 1 0 60"/><path class="wave third" d="M130 14a62 62 0 0 1 0 86"/></svg>`)
	signRemove  = html.Drawing(`<svg class="sign" viewBox="0 0 160 140" aria-hidden="true"><g class="card comes-out"><rect class="sheet" x="32" y="82" width="46" height="54" rx="6"/><path d="M42 112h26 M42 124h14"/></g>` + terminalShape + `<path class="care" d="M124 62v62 M106 106l18 18 18-18"/></svg>`)
	signPin     = html.Drawing(`<svg class="sign" viewBox="0 0 160 140" aria-hidden="true"><rect class="sheet" x="34" y="6" width="92" height="128" rx="12"/><rect x="46" y="18" width="68" height="30" rx="4"/><path class="keys" d="M56 68h0 M80 68h0 M104 68h0 M56 90h0 M80 90h0 M104 90h0 M56 112h0 M80 112h0 M104 112h0"/><path class="keys star" d="M57 33h0"/><path class="keys star second" d="M72 33h0"/><path class="keys star third" d="M88 33h0"/><path class="keys star fourth" d="M103 33h0"/></svg>`)
	signWorking = html.Drawing(`<svg class="sign turning" viewBox="0 0 160 140" aria-hidden="true">` + terminalShape + `<circle class="faint" cx="126" cy="70" r="24"/><path class="hand" d="M126 46a24 24 0 0 1 24 24"/></svg>`)
	signReceipt = html.Drawing(`<svg class="paper-sign" viewBox="0 0 64 64" aria-hidden="true"><g class="slip"><path class="sheet" d="M18 26v32l5-4 4 4 5-4 5 4 4-4 5 4V26"/><path d="M25 38h14 M25 46h9"/></g><path class="sheet" d="M8 8h48v20H8z"/><path d="M16 20h32"/></svg>`)
	signWait    = html.Drawing(`<svg class="sign turning" viewBox="0 0 120 120" aria-hidden="true"><circle class="faint" cx="60" cy="60" r="46"/><path class="hand" d="M60 14a46 46 0 0 1 46 46"/></svg>`)
	signDone    = html.Drawing(`<svg class="sign good" viewBox="0 0 120 120" aria-hidden="true"><circle class="drawn" pathLength="1" cx="60" cy="60" r="50"/><path class="drawn after" pathLength="1" d="M36 62l18 18 32-38"/></svg>`)
	signNote    = html.Drawing(`<svg class="sign" viewBox="0 0 120 120" aria-hidden="true"><circle cx="60" cy="60" r="50"/><path d="M60 54v34 M60 34v3"/></svg>`)
	signDesk    = html.Drawing(`<svg class="sign care" viewBox="0 0 120 120" aria-hidden="true"><circle cx="60" cy="36" r="20"/><path d="M26 84a34 24 0 0 1 68 0 M10 86h100 M20 86v24h80V86"/></svg>`)
	signBack    = html.Drawing(`<svg class="sign" viewBox="0 0 120 120" aria-hidden="true"><path d="M44 26L20 50l24 24 M22 50h48a28 28 0 0 1 0 56H40"/></svg>`)
	signChosen  = html.Drawing(`<svg class="box" viewBox="0 0 48 48" aria-hidden="true"><rect class="filled" x="5" y="5" width="38" height="38" rx="7"/><path class="tick" d="M14 25l8 8 13-17"/></svg>`)
	signOpen    = html.Drawing(`<svg class="box" viewBox="0 0 48 48" aria-hidden="true"><rect x="5" y="5" width="38" height="38" rx="7"/></svg>`)
	signUp      = html.Drawing(`<svg class="key" viewBox="0 0 48 48" aria-hidden="true"><path d="M8 32l16-16 16 16"/></svg>`)
	signDown    = html.Drawing(`<svg class="key" viewBox="0 0 48 48" aria-hidden="true"><path d="M8 16l16 16 16-16"/></svg>`)
	signCover   = html.Drawing(`<svg class="key" viewBox="0 0 48 48" aria-hidden="true"><path d="M6 22h36v20H6z M6 22L14 6h30l-2 16"/></svg>`)
	signRoll    = html.Drawing(`<svg class="key" viewBox="0 0 48 48" aria-hidden="true"><circle cx="20" cy="20" r="14"/><circle cx="20" cy="20" r="4"/><path d="M34 20v22h8"/></svg>`)
)

// terminalShape is the card terminal inside of other drawings.
const terminalShape = `<rect class="sheet" x="14" y="6" width="82" height="96" rx="10"/><rect x="26" y="18" width="58" height="24" rx="3"/><path class="keys" d="M36 56h0 M55 56h0 M74 56h0 M36 71h0 M55 71h0 M74 71h0"/><path d="M28 88h54"/>`
