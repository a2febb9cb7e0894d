package rest_test

import (
	"testing"

	"selfpay/kiosk/ils/rest"
)

func TestAnyRootIsReadWhereNoneIsNamed(t *testing.T) {
	var d struct {
		Code string `xml:"code"`
	}
	if err := rest.ParseXML([]byte("<whatever><code>0000</code></whatever>"), "", &d); err != nil || d.Code != "0000" {
		t.Errorf("read %q, %v", d.Code, err)
	}
	for _, text := range []string{"", "text", "<a><code>0000</code>", "<a></a><b></b>"} {
		if err := rest.ParseXML([]byte(text), "", &d); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
