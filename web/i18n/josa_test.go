package i18n

import (
	"strings"
	"testing"
)

func TestAParticleFollowsTheLastSound(t *testing.T) {
	for _, c := range []struct{ word, pair, want string }{
		// Hangul, by final consonant.
		{"소켓", "을/를", "을"}, {"호스트", "을/를", "를"}, {"연결", "이/가", "이"},
		{"포트", "은/는", "는"}, {"링크", "과/와", "와"}, {"바이트", "이에요/예요", "예요"},
		// 으로/로: after ㄹ as after a vowel.
		{"연결", "으로/로", "로"}, {"소켓", "으로/로", "으로"}, {"포트", "으로/로", "로"},
		// Letters are read by name: 에이, 비, 엘, 엠, 엔, 알.
		{"A", "이/가", "가"}, {"B", "을/를", "를"}, {"L", "을/를", "을"}, {"M", "은/는", "은"},
		{"N", "과/와", "과"}, {"R", "으로/로", "로"}, {"L", "으로/로", "로"}, {"M", "으로/로", "으로"},
		{"SYN", "을/를", "을"}, {"ACK", "을/를", "를"}, {"FIN", "이/가", "이"}, {"RST", "이/가", "가"},
		{"TCP", "은/는", "는"}, {"Host B", "과/와", "와"},
		// Words are read as they are usually spelt in Korean: 소켓, 세그먼트, 토큰, 터널.
		{"socket", "을/를", "을"}, {"segment", "이/가", "가"}, {"token", "을/를", "을"},
		{"tunnel", "으로/로", "로"}, {"router", "은/는", "는"},
		// Digits: 영 일 이 삼 사 오 육 칠 팔 구.
		{"0", "이/가", "이"}, {"1", "이/가", "이"}, {"2", "이/가", "가"}, {"3", "이/가", "이"},
		{"4", "이/가", "가"}, {"5", "이/가", "가"}, {"6", "이/가", "이"}, {"7", "이/가", "이"},
		{"8", "이/가", "이"}, {"9", "이/가", "가"}, {"1", "으로/로", "로"}, {"6", "으로/로", "으로"},
		{"8081", "을/를", "을"}, {"77.77.77.77", "으로/로", "로"}, {"3000", "을/를", "을"},
		// What is not read aloud is passed over.
		{"「소켓」", "을/를", "을"}, {"포트(8081)", "을/를", "을"}, {`"A"`, "이/가", "가"},
		{"소켓…", "이/가", "이"},
		// What cannot be read gets both.
		{"", "을/를", "을(를)"}, {"→", "이/가", "이(가)"}, {"東京", "은/는", "은(는)"},
		{"소켓", "도", "도"},
	} {
		if got := Josa(c.word, c.pair); got != c.want {
			t.Errorf("%s + %s = %q, want %q", c.word, c.pair, got, c.want)
		}
	}
}

func TestMessagesUseTheParticle(t *testing.T) {
	for name, want := range map[string]string{"A": "A와 B", "연결": "연결과 B"} {
		got := In(Korean, LandingFigureCaption,
			Args{"Number": "4", "A": name, "B": "B", "Delay": "20 ms"})
		if !strings.Contains(got, want) {
			t.Errorf("%q does not hold %q", got, want)
		}
	}
}
