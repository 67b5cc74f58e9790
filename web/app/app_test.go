package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestRolesAllowWhatTheyAllow(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := Session{ID: "s1", Owner: "alice"}
	share := func(role Role) []Share {
		return []Share{{Session: "s1", Role: role, Expires: now.Add(time.Hour)}}
	}
	for name, c := range map[string]struct {
		actor  Actor
		shares []Share
		role   Role
		may    [3]bool // View, Command, Manage
	}{
		"the owner":            {Actor{Subject: "alice"}, nil, Driver, [3]bool{true, true, true}},
		"an administrator":     {Actor{Admin: true}, nil, Driver, [3]bool{true, true, true}},
		"a co-driver":          {Actor{Subject: "bob"}, share(CoDriver), CoDriver, [3]bool{true, true, false}},
		"a watcher":            {Actor{Subject: "bob"}, share(Watcher), Watcher, [3]bool{true, false, false}},
		"both links":           {Actor{}, append(share(CoDriver), share(Watcher)...), CoDriver, [3]bool{true, true, false}},
		"both, the other way":  {Actor{}, append(share(Watcher), share(CoDriver)...), CoDriver, [3]bool{true, true, false}},
		"a stranger":           {Actor{Subject: "mallory"}, nil, Nobody, [3]bool{}},
		"nobody":               {Actor{}, nil, Nobody, [3]bool{}},
		"a link to another":    {Actor{}, []Share{{Session: "s2", Role: CoDriver}}, Nobody, [3]bool{}},
		"the owner, by a link": {Actor{Subject: "alice"}, share(Watcher), Driver, [3]bool{true, true, true}},
	} {
		o := Object{Session: s, Shares: c.shares}
		if got := RoleOf(c.actor, o); got != c.role {
			t.Errorf("%s is %q", name, got)
		}
		for i, act := range []Action{View, Command, Manage} {
			if Can(c.actor, act, o) != c.may[i] {
				t.Errorf("%s, %s: %v", name, act, !c.may[i])
			}
		}
	}
	if RoleOf(Actor{}, Object{}) != Nobody {
		t.Error("nobody owns what nobody made")
	}
}

func TestSpeedsAreWrittenAsTheyAreRead(t *testing.T) {
	for text, want := range map[string]Speed{"1": RealTime, "0.001": MinSpeed, "1000": TopSpeed,
		"2.5": 2500, `"max"`: MaxSpeed} {
		var s Speed
		if err := json.Unmarshal([]byte(text), &s); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
		if b, err := json.Marshal(s); err != nil || string(b) != text {
			t.Errorf("%d is written %s, %v", s, b, err)
		}
	}
	for _, text := range []string{"0", "-1", "-0.001", "0.0004", "1000.01", "1e9", "1e400", `"1"`,
		`"fast"`, "true", "{}", "null"} {
		s := Speed(7)
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was read as %d", text, s)
		}
	}
}

func TestSpansScaleWithSpeed(t *testing.T) {
	for _, c := range []struct {
		s             Speed
		wall, virtual time.Duration
	}{
		{RealTime, time.Second, time.Second},
		{TopSpeed, time.Second, 1000 * time.Second},
		{MinSpeed, time.Second, time.Millisecond},
		{1500, 2 * time.Second, 3 * time.Second},
	} {
		if got := c.s.Virtual(c.wall); got != c.virtual {
			t.Errorf("%d: %v of wall time are %v", c.s, c.wall, got)
		}
		if got := c.s.Wall(c.virtual); got != c.wall {
			t.Errorf("%d: %v of virtual time take %v", c.s, c.virtual, got)
		}
	}
	if MinSpeed.Wall(1<<62) <= 0 || TopSpeed.Virtual(1<<62) <= 0 {
		t.Error("a long span overflows")
	}
	if Speed(3).Virtual(Speed(3).Wall(time.Microsecond)) < time.Microsecond {
		t.Error("a sleep of Wall(d) wakes before d has gone by")
	}
}

func TestErrorsKeepTheirCauseToThemselves(t *testing.T) {
	secret := errors.New("disk /dev/sda1")
	err := fmt.Errorf("append: %w", ErrUnavailable.Because(secret).At("journal"))
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, secret) || errors.Is(err, ErrNotFound) {
		t.Errorf("%v is not what it is", err)
	}
	b, jerr := json.Marshal(Public(err))
	if jerr != nil || string(b) != `{"code":"unavailable","field":"journal"}` {
		t.Errorf("told: %s", b)
	}
	if Public(secret).Code != "internal" || ErrUnavailable.Field != "" {
		t.Error("an error without a code, or a changed constant")
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	for err, want := range map[*Error]int{
		ErrNotFound: 404, ErrMalformed: 400, ErrUnknownOp: 400, ErrMissing: 400, ErrBadType: 400,
		ErrRange: 400, ErrDuplicate: 400, ErrUnknownGoal: 400,
		ErrForbidden: 403, ErrFinished: 409, ErrBroken: 409, ErrOtherBuild: 409,
		ErrQuota: 429, ErrRate: 429, ErrFull: 503, ErrUnavailable: 503, ErrDraining: 503,
	} {
		if got := Status(err); got != want {
			t.Errorf("%s: %d", err.Code, got)
		}
	}
	if Status(errors.New("x")) != http.StatusInternalServerError {
		t.Error("an error without a code")
	}
}
