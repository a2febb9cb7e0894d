package monitoring_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"selfpay/kiosk/desk"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
	"selfpay/kiosk/session"
	"selfpay/sip/certtest"
)

const token = "0123456789abcdef-only-for-tests"

// patience bounds every wait for what comes in a moment.
const patience = 2 * time.Minute

// tool finds a program of Debian's package prometheus.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not here; install it with: make deps", name)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryAlertFiresWhenItShould(t *testing.T) {
	test := exec.Command(tool(t, "promtool"), "test", "rules", "rules_test.yml")
	test.Dir = "prometheus"
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	alert := regexp.MustCompile(`(?m)^      - alert: (\w+)$`)
	tests := read(t, "prometheus/rules_test.yml")
	for _, found := range alert.FindAllStringSubmatch(read(t, "prometheus/rules.yml"), -1) {
		if n := strings.Count(tests, "alertname: "+found[1]+"\n") + strings.Count(tests, "alertname: "+found[1]+","); n < 2 {
			t.Errorf("nothing tests when %s fires, and when not", found[1])
		}
	}
}

// scenario makes one alert fire: by a check of a status, or in its own way.
type scenario struct {
	check  string
	status health.Status
	deed   func(s *station)
}

// scenarios are by alert; each has a station of its own.
var scenarios = map[string]scenario{
	"KioskDown":                {deed: (*station).stop},
	"KioskNotReady":            {deed: func(s *station) { s.tell(health.CheckMaintenance, health.Pass, session.ReasonService) }},
	"KioskRestarts":            {deed: func(s *station) { s.restart(4) }},
	"KioskVersionSkew":         {deed: func(s *station) { s.version = "v2"; s.restart(1) }},
	"KioskCertificateExpires":  {deed: func(s *station) { s.monitor.Watch("hub", func() time.Time { return time.Now().AddDate(0, 0, 20) }) }},
	"KioskUpdateRolledBack":    {check: health.CheckUpdate, status: health.Warn},
	"KioskLeftInService":       {check: health.CheckMaintenance, status: health.Warn},
	"KioskScreenDark":          {check: health.CheckBrowser, status: health.Warn},
	"KioskUnheard":             {check: health.CheckHub, status: health.Warn},
	"KioskLedgerDamaged":       {check: health.CheckChain, status: health.Fail},
	"KioskInDoubtLong":         {check: health.CheckInDoubt, status: health.Warn},
	"KioskInDoubtTooLong":      {check: health.CheckInDoubt, status: health.Fail},
	"KioskOpenCase":            {check: health.CheckOpenCases, status: health.Warn},
	"KioskOpenCaseOld":         {check: health.CheckOpenCases, status: health.Fail},
	"KioskRefundDue":           {check: health.CheckRefunds, status: health.Warn},
	"KioskStrayApproval":       {check: health.CheckStrays, status: health.Warn},
	"KioskStrayApprovalKept":   {check: health.CheckStrays, status: health.Fail},
	"KioskPostedByAccount":     {check: health.CheckByAccount, status: health.Warn},
	"KioskQueueOld":            {check: health.CheckQueueAge, status: health.Warn},
	"KioskQueueTooOld":         {check: health.CheckQueueAge, status: health.Fail},
	"KioskQueueLong":           {check: health.CheckQueue, status: health.Warn},
	"KioskQueueFull":           {check: health.CheckQueue, status: health.Fail},
	"KioskEndOfDayMissed":      {check: health.CheckEndOfDay, status: health.Warn},
	"KioskTerminalDown":        {check: health.CheckTerminal, status: health.Fail},
	"KioskTerminalPower":       {check: health.CheckPower, status: health.Warn},
	"KioskLibraryDown":         {check: health.CheckLibrary, status: health.Fail},
	"KioskLibrarySlow":         {check: health.CheckAnswers, status: health.Warn},
	"KioskLibraryClock":        {check: health.CheckClock, status: health.Warn},
	"KioskPaperLow":            {check: health.CheckPaperSwitch, status: health.Warn},
	"KioskPrinterDown":         {check: health.CheckPrinter, status: health.Warn},
	"KioskScannerDown":         {check: health.CheckScanner, status: health.Warn},
	"KioskPartMissing":         {check: health.CheckLines, status: health.Warn},
	"KioskEnclosureOpen":       {check: health.CheckEnclosure, status: health.Fail},
	"KioskStaffCall":           {check: health.CheckStaffCall, status: health.Warn},
	"KioskDiskSlow":            {check: health.CheckWriteLatency, status: health.Warn},
	"KioskDiskFails":           {check: health.CheckWriteLatency, status: health.Fail},
	"KioskStorageLow":          {check: health.CheckFree, status: health.Warn},
	"KioskStorageFull":         {check: health.CheckBallast, status: health.Fail},
	"KioskSecondCopyLost":      {check: health.CheckSecondCopy, status: health.Warn},
	"KioskVoiceLost":           {check: health.CheckSpeech, status: health.Warn},
	"KioskDeskPageDown":        {check: desk.CheckPage, status: health.Warn},
	"KioskStorageWorn":         {check: health.CheckLife, status: health.Warn},
	"KioskClockUnset":          {check: health.CheckClockSet, status: health.Warn},
	"KioskClockWrong":          {check: health.CheckClockSet, status: health.Fail},
	"KioskUnderVoltage":        {check: health.CheckUnderVoltage, status: health.Fail},
	"KioskUnderVoltageAtTimes": {check: health.CheckUnderVoltage, status: health.Warn},
	"KioskHot":                 {check: health.CheckTemperature, status: health.Warn},
	"KioskOnBattery":           {check: health.CheckMains, status: health.Warn},
	"KioskBatteryLow":          {check: health.CheckCharge, status: health.Warn},
}

// lasting alerts go on firing when what was wrong is well again.
var lasting = []string{"KioskRestarts"}

// measured checks carry a value, with this unit.
var measured = map[string]string{
	health.CheckInDoubt: "payments", health.CheckOpenCases: "cases", health.CheckRefunds: "refunds", health.CheckByAccount: "payments", health.CheckQueue: "payments",
	health.CheckQueueAge: "s", health.CheckWriteLatency: "ms", health.CheckAnswers: "ms", health.CheckFree: "MB", health.CheckTemperature: "C", health.CheckLife: "percent",
	health.CheckCharge: "percent", health.CheckClockOffset: "ms", health.CheckClock: "s", health.CheckHub: "s", health.CheckSecondCopy: "events behind",
}

// allChecks are the names that package health has for its checks.
func allChecks(t *testing.T) []string {
	t.Helper()
	var found []string
	declared := regexp.MustCompile(`(?m)^(?:const)?\s*Check\w+\s*= "([a-z:-]+)"`)
	for _, pattern := range []string{"../kiosk/health/*.go", "../kiosk/health/heartbeat/*.go", "../kiosk/desk/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			for _, c := range declared.FindAllStringSubmatch(read(t, path), -1) {
				found = append(found, c[1])
			}
		}
	}
	if len(found) < 40 {
		t.Fatalf("only %d checks found", len(found))
	}
	return found
}

// unalarmed checks need no alert: they only count, or their page is what cannot be read then.
var unalarmed = []string{health.CheckLabels, health.CheckPage}

func TestEveryCheckHasAnAlert(t *testing.T) {
	matcher := regexp.MustCompile(`kiosk_check\{check(=~?)"([^"]+)"\}`)
	var patterns []*regexp.Regexp
	for _, m := range matcher.FindAllStringSubmatch(read(t, "prometheus/rules.yml"), -1) {
		if m[1] == "=" {
			m[2] = regexp.QuoteMeta(m[2])
		}
		patterns = append(patterns, regexp.MustCompile("^(?:"+m[2]+")$"))
	}
	all := allChecks(t)
	for _, check := range all {
		alarmed := slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(check) })
		if alarmed == slices.Contains(unalarmed, check) {
			t.Errorf("%s: alarmed %v", check, alarmed)
		}
	}
	for _, p := range patterns {
		if !slices.ContainsFunc(all, p.MatchString) {
			t.Errorf("no check fits %s", p)
		}
	}
}

// station is a health page on a real socket, with TLS, token and client certificate.
type station struct {
	t       *testing.T
	address string
	access  health.Access
	version string
	checks  []string

	monitor *health.Monitor
	end     func()
}

// begin serves a station that is well.
func (s *station) begin() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	m := health.New(health.Config{Kiosk: "main-01", Version: s.version, Log: slog.New(slog.DiscardHandler)})
	s.monitor = m
	m.Watch("health", s.access.Pair.Expires)
	for _, check := range s.checks {
		s.tell(check, health.Pass, "")
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l, s.access) }()
	s.end = func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
}

func (s *station) tell(check string, status health.Status, why session.Reason) {
	if unit, counts := measured[check]; counts {
		s.monitor.Measure(check, status, 3, unit, "", why)
		return
	}
	s.monitor.Tell(check, status, "", why)
}

func (s *station) stop() {
	if s.end != nil {
		s.end()
		s.end = nil
	}
}

// restart restarts the program so many times; each must be seen.
func (s *station) restart(times int) {
	for range times {
		s.stop()
		s.begin()
		s.seen()
	}
}

// seen waits until Prometheus knows this start of the program.
func (s *station) seen() {
	s.t.Helper()
	want := fmt.Sprintf("kiosk_start_time_seconds{instance=%q} == %d.%03d", s.address, s.monitor.Document().Since.Unix(), s.monitor.Document().Since.UnixMilli()%1000)
	prometheusOf(s.t).eventually("a start is seen", func() (bool, string) { return len(prometheusOf(s.t).query(want)) == 1, want })
}

// server is a real Prometheus.
type server struct {
	t       *testing.T
	url     string
	targets string // file of the stations it scrapes
}

var running *server

func prometheusOf(t *testing.T) *server {
	if running == nil {
		t.Fatal("Prometheus does not run")
	}
	return running
}

// startPrometheus runs Prometheus with rules that fire at once.
func startPrometheus(t *testing.T, own certificates) *server {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	rules := regexp.MustCompile(`(?m)^        for: \w+$`).ReplaceAllString(read(t, "prometheus/rules.yml"), "        for: 0s")
	p := &server{t: t, url: "http://" + address, targets: filepath.Join(dir, "targets.json")}
	settings := fmt.Sprintf(`global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}
rule_files: [%s/rules.yml]
scrape_configs:
  - job_name: kiosk
    scheme: https
    authorization: {credentials_file: %s/token}
    tls_config: {ca_file: %s, cert_file: %s, key_file: %s}
    file_sd_configs: [{files: [%s], refresh_interval: 1s}]
`, dir, dir, own.authority, own.certificate, own.key, p.targets)
	if err := errors.Join(os.WriteFile(dir+"/prometheus.yml", []byte(settings), 0o600), os.WriteFile(dir+"/rules.yml", []byte(rules), 0o600),
		os.WriteFile(dir+"/token", []byte(token), 0o600), os.WriteFile(p.targets, []byte("[]"), 0o600)); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool(t, "prometheus"), "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+address, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := errors.Join(l.Close(), cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("Prometheus says:\n%s", read(t, dir+"/log"))
		}
		log.Close()
		running = nil
	})
	running = p
	return p
}

// certificates are files.
type certificates struct{ authority, certificate, key string }

// ask asks Prometheus' API.
func (p *server) ask(path string, into any) error {
	answer, err := http.Get(p.url + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var d struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("%w: %.200s", err, text)
	}
	if d.Status != "success" {
		return errors.New(d.Error)
	}
	return json.Unmarshal(d.Data, into)
}

// query is what a query finds now. A query that is none is a mistake of the test.
func (p *server) query(text string) []json.RawMessage {
	p.t.Helper()
	var found struct{ Result []json.RawMessage }
	if err := p.ask("/api/v1/query?query="+url.QueryEscape(text), &found); err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	return found.Result
}

// firing are the alerts that fire, with the stations they fire for.
func (p *server) firing() map[string][]string {
	p.t.Helper()
	var found struct {
		Alerts []struct {
			Labels map[string]string
			State  string
		}
	}
	if err := p.ask("/api/v1/alerts", &found); err != nil {
		p.t.Fatal(err)
	}
	all := map[string][]string{}
	for _, a := range found.Alerts {
		name := a.Labels["alertname"]
		if a.State == "firing" && !slices.Contains(all[name], a.Labels["instance"]) {
			all[name] = append(all[name], a.Labels["instance"])
		}
	}
	return all
}

// group is one of the rules file, as Prometheus has it.
type group struct {
	Rules []struct {
		Name string
		Last time.Time `json:"lastEvaluation"`
	}
}

func (p *server) groups() []group {
	p.t.Helper()
	var found struct{ Groups []group }
	if err := p.ask("/api/v1/rules", &found); err != nil {
		p.t.Fatal(err)
	}
	return found.Groups
}

// rules are the names of all alerts that Prometheus has loaded.
func (p *server) rules() []string {
	p.t.Helper()
	var names []string
	for _, g := range p.groups() {
		for _, r := range g.Rules {
			names = append(names, r.Name)
		}
	}
	return names
}

// evaluated waits until every alert was looked at once more.
func (p *server) evaluated() {
	p.t.Helper()
	now := time.Now()
	p.eventually("every alert is looked at", func() (bool, string) {
		for _, g := range p.groups() {
			for _, r := range g.Rules {
				if !r.Last.After(now) {
					return false, r.Name
				}
			}
		}
		return true, ""
	})
}

func (p *server) eventually(what string, holds func() (bool, string)) {
	p.t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ok, now := holds()
		if ok {
			return
		}
		last = now
	}
	p.t.Fatalf("%s: not within %s; last: %s", what, patience, last)
}

// scrape tells Prometheus which stations there are.
func (p *server) scrape(addresses []string) {
	p.t.Helper()
	text, err := json.Marshal([]map[string]any{{"targets": addresses}})
	if err == nil {
		err = os.WriteFile(p.targets+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(p.targets+".new", p.targets)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestARealPrometheusSeesEveryAlert has a station for each alert, all of them scraped by a real Prometheus. Before there are
// any, that is an alert. Then all are well and nothing fires; each goes wrong in its way and just its alert fires; all are well again and nothing fires.
func TestARealPrometheusSeesEveryAlert(t *testing.T) {
	own, authority := certtest.For(t, certtest.Validity{From: time.Now().Add(-time.Hour), To: time.Now().AddDate(1, 0, 0)}, "127.0.0.1")
	pair, err := keypair.Load(authority, certtest.KeyFile(t, own), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	theirs, certificate := certtest.For(t, certtest.Today(), "prometheus.example.org")
	clients, err := keypair.Authorities(certificate)
	if err != nil {
		t.Fatal(err)
	}
	p := startPrometheus(t, certificates{authority, certificate, certtest.KeyFile(t, theirs)})
	p.eventually("Prometheus is ready", func() (bool, string) {
		err := p.ask("/api/v1/status/runtimeinfo", &struct{}{})
		return err == nil, fmt.Sprint(err)
	})
	p.wants("no station is watched", map[string][]string{"KioskAbsent": {""}})

	stations := map[string]*station{}
	var addresses []string
	checks := slices.DeleteFunc(allChecks(t), func(c string) bool { return c == health.CheckPage })
	for alert := range scenarios {
		s := &station{t: t, address: "127.0.0.1:0", access: health.Access{Pair: pair, Token: token, Clients: clients}, version: "v1", checks: checks}
		s.begin()
		defer s.stop()
		stations[alert] = s
		addresses = append(addresses, s.address)
	}
	p.scrape(addresses)
	p.eventually("all stations are seen", func() (bool, string) {
		n := len(p.query("up == 1"))
		return n == len(stations), fmt.Sprintf("%d of %d", n, len(stations))
	})
	p.evaluated()
	p.wants("all is well", map[string][]string{})

	want := map[string][]string{"KioskVersionSkew": {""}} // of no station in particular
	for alert, s := range stations {
		if alert != "KioskVersionSkew" {
			want[alert] = []string{s.address}
		}
		if how := scenarios[alert]; how.deed != nil {
			how.deed(s)
		} else {
			s.tell(how.check, how.status, "")
		}
	}
	p.wants("each has gone wrong", want)
	testDashboard(t, p)

	for alert, s := range stations {
		if slices.Contains(lasting, alert) {
			continue
		}
		s.stop()
		s.version = "v1"
		s.begin()
		delete(want, alert)
	}
	p.wants("all is well again", want)
	for _, name := range p.rules() {
		if _, tried := scenarios[name]; !tried && name != "KioskAbsent" {
			t.Errorf("nothing here makes %s fire", name)
		}
	}
}

// wants waits until these alerts fire, and no others.
func (p *server) wants(what string, want map[string][]string) {
	p.t.Helper()
	p.eventually(what, func() (bool, string) {
		got := p.firing()
		missing, more := maps.Clone(want), maps.Clone(got)
		maps.DeleteFunc(missing, func(name string, _ []string) bool { return slices.Equal(got[name], want[name]) })
		maps.DeleteFunc(more, func(name string, _ []string) bool { return slices.Equal(got[name], want[name]) })
		return len(missing)+len(more) == 0, fmt.Sprintf("missing %v, too many %v", missing, more)
	})
}
