package polaris

import "testing"

// Computed with Go's crypto/hmac and held against Python's hmac, after the recipe of the PAPI guide.
func TestSignaturesAreThoseOfTheWorkedExamples(t *testing.T) {
	const root = "https://ils.example.org/PAPIService/REST/"
	for want, c := range map[string]struct{ algorithm, method, path, secret string }{
		"IZPbtvqie+F0btvfxgmM1UuFbkk=":                 {"sha1", "POST", "protected/v1/1033/100/1/authenticator/staff", ""},
		"NVAjgGrGU1LKc0OZmMDd2whtsnc=":                 {"sha1", "GET", "public/v1/1033/100/1/patron/21756003332022/account/outstanding", "EXAMPLESECRET0001"},
		"AzustPPCuSW1TymkADV2ZHWzEUY=":                 {"sha1", "PUT", "protected/v1/1033/100/1/EXAMPLETOKEN0001/patron/21756003332022/account/lumpsumpayment?wsid=12&userid=34", "EXAMPLESECRET0001"},
		"hmCXYhiizcDXreSv1mwDJD3ps8zWKF/TVm2bRNxHmUk=": {"sha256", "PUT", "protected/v1/1033/100/1/EXAMPLETOKEN0001/patron/21756003332022/account/lumpsumpayment?wsid=12&userid=34", "EXAMPLESECRET0001"},
		"vyNr+Zm+p1+i/VII/fRbxyp8Tw8=":                 {"sha1", "PUT", "protected/v1/1033/100/1/EXAMPLETOKEN0001/patron/21756003332022/account/680938/pay?wsid=12&userid=34", "EXAMPLESECRET0001"},
	} {
		if got := signature(c.algorithm, "EXAMPLE-ACCESS-KEY-0001", c.method, root+c.path, "Fri, 06 Nov 2026 09:05:07 GMT", c.secret); got != want {
			t.Errorf("%s %s, %s: %s, want %s", c.method, c.path, c.algorithm, got, want)
		}
	}
}
