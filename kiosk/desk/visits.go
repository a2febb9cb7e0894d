package desk

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"selfpay/kiosk/crowd"
)

// How long somebody stays logged in, and how many there are at once: who comes then has the longest idle one go.
const (
	idleVisit    = 15 * time.Minute
	longestVisit = 12 * time.Hour
	mostVisits   = 32
)

// Wrong passwords are slowed down from one address and in sum. The sum is so large that nobody is kept out who knows the password, and
// so small that it takes more than a lifetime to guess one.
const (
	triesOfOne, firstTriesOfOne = rate.Limit(1.0 / 10), 5
	triesOfAll, firstTriesOfAll = rate.Limit(1), 30
	mostHomes                   = 1024
)

// cookie holds the number of a visit. Its prefix has browsers keep it to this address.
const cookie = "__Host-desk"

// visits are those who are logged in, in memory only.
type visits struct {
	mu    sync.Mutex
	here  map[[sha256.Size]byte]*visit // by the hash of the number in the cookie
	all   *rate.Limiter
	homes map[netip.Prefix]*rate.Limiter
}

type visit struct {
	began, last time.Time
	pages       *rate.Limiter
}

func newVisits() *visits {
	return &visits{here: map[[sha256.Size]byte]*visit{}, all: rate.NewLimiter(triesOfAll, firstTriesOfAll), homes: map[netip.Prefix]*rate.Limiter{}}
}

// mayTry says whether a password from an address is looked at.
func (v *visits) mayTry(address string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	home := crowd.Home(address)
	of, known := v.homes[home]
	if !known {
		if len(v.homes) >= mostHomes {
			v.forgetHomes()
		}
		of = rate.NewLimiter(triesOfOne, firstTriesOfOne)
		v.homes[home] = of
	}
	return of.Allow() && v.all.Allow()
}

// forgetHomes makes room: those go first that have not tried for a while, else all. The sum still holds.
func (v *visits) forgetHomes() {
	for home, of := range v.homes {
		if of.Tokens() >= firstTriesOfOne {
			delete(v.homes, home)
		}
	}
	if len(v.homes) >= mostHomes {
		clear(v.homes)
	}
}

// begin logs somebody in.
func (v *visits) begin(w http.ResponseWriter) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep(time.Now())
	number := rand.Text()
	v.here[sha256.Sum256([]byte(number))] = &visit{time.Now(), time.Now(), rate.NewLimiter(5, 20)}
	setCookie(w, number, 0)
}

func setCookie(w http.ResponseWriter, number string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: number, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

// sweep takes out who was idle too long, and where there is no room whoever was idle longest.
func (v *visits) sweep(now time.Time) {
	var idlest [sha256.Size]byte
	for number, one := range v.here {
		if one.over(now) {
			delete(v.here, number)
			continue
		}
		if other := v.here[idlest]; other == nil || one.last.Before(other.last) {
			idlest = number
		}
	}
	if len(v.here) >= mostVisits {
		delete(v.here, idlest)
	}
}

func (one *visit) over(now time.Time) bool {
	return now.Sub(one.last) > idleVisit || now.Sub(one.began) > longestVisit
}

// of is the visit of a request, which goes on by it; nil: nobody is logged in.
func (v *visits) of(r *http.Request) *visit {
	shown, err := r.Cookie(cookie)
	if err != nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now, number := time.Now(), sha256.Sum256([]byte(shown.Value))
	one := v.here[number]
	if one == nil {
		return nil
	}
	if one.over(now) {
		delete(v.here, number)
		return nil
	}
	one.last = now
	return one
}

// end logs out.
func (v *visits) end(w http.ResponseWriter, r *http.Request) {
	if shown, err := r.Cookie(cookie); err == nil {
		v.mu.Lock()
		delete(v.here, sha256.Sum256([]byte(shown.Value)))
		v.mu.Unlock()
	}
	setCookie(w, "", -1)
}
