package polaristest_test

import (
	"fmt"
	"net"
	"net/http"

	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/rest/resttest"
)

// A Polaris for a kiosk under test, on a port of its own.
func Example() {
	library := polaristest.New(polaristest.Config{AccessID: "EXAMPLEID", AccessKey: "EXAMPLE-ACCESS-KEY-0001", Domain: "LIBRARY", Login: "kiosk", Password: "secret",
		Workstations: []int{12}, Decimals: 2,
		Patrons: []resttest.Patron{{Card: "21756003332022", Name: "Anna Smith", Fees: []resttest.Fee{{ID: "680938", OutstandingMinor: 1250}}}}})
	defer library.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go library.Serve(listener)
	answer, err := http.Get("http://" + listener.Addr().String() + "/PAPIService/REST/public/v1/1033/100/1/patron/21756003332022")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()
	fmt.Println(answer.StatusCode, answer.Header.Get("WWW-Authenticate"), library.Books().Patrons[0].Fees)
	// Output: 401 PWS realm="Polaris API" [{680938 1250 1250}]
}
