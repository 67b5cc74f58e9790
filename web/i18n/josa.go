package i18n

import (
	"strings"
	texttemplate "text/template"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// Josa returns the form of a Korean particle that follows word: pair is "을/를",
// "이/가", "은/는", "과/와", "으로/로" or "이에요/예요", the form after a final consonant
// first. Latin letters and digits count as Koreans read them aloud: "B" is "비", "3" is
// "삼". A word that ends in nothing readable gets both, "을(를)".
func Josa(word, pair string) string {
	closed, open, ok := strings.Cut(pair, "/")
	if !ok {
		return pair
	}
	switch final := finalSound(word); {
	case final == unknown:
		return closed + "(" + open + ")"
	case final == vowel, final == rieul && closed == "으로":
		return open // after ㄹ the particle is 로, not 으로
	}
	return closed
}

// sound is how the last syllable of a word ends.
type sound int

const (
	unknown sound = iota
	vowel
	rieul // ㄹ
	consonant
)

// finalSound finds the last character that is read aloud and says how it ends. Closing
// brackets and quotes are not read.
func finalSound(word string) sound {
	runes := []rune(strings.TrimRight(word, " \t\"'`’”)]}>.,!?·…」』"))
	if len(runes) == 0 {
		return unknown
	}
	switch r := runes[len(runes)-1]; {
	case r >= '가' && r <= '힣':
		return hangulSound(r)
	case r >= '0' && r <= '9':
		return digitSound(r)
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return latinSound(runes)
	}
	return unknown
}

// hangulSound reads the final jamo out of a precomposed syllable: 28 finals each.
func hangulSound(r rune) sound {
	switch (r - '가') % 28 {
	case 0:
		return vowel
	case 8:
		return rieul
	}
	return consonant
}

// digitSound: 영 일 이 삼 사 오 육 칠 팔 구.
func digitSound(r rune) sound {
	switch r {
	case '1', '7', '8':
		return rieul
	case '0', '3', '6':
		return consonant
	}
	return vowel
}

// latinSound reads the name of a letter (엘, 엠, 엔, 알; all others end in a vowel) when
// the word is an abbreviation or a single letter, and the usual Korean spelling of the
// ending when it is a word in lower case: "socket" is 소켓, "segment" 세그먼트.
func latinSound(runes []rune) sound {
	start := len(runes)
	for start > 0 && isLatin(runes[start-1]) {
		start--
	}
	word := string(runes[start:])
	if word != strings.ToLower(word) || len(word) == 1 {
		return letterSound(word[len(word)-1])
	}
	switch {
	case strings.HasSuffix(word, "le"), strings.HasSuffix(word, "l"):
		return rieul // handle 핸들, tunnel 터널
	case hasAnySuffix(word, "m", "n", "ng", "me", "ne"):
		return consonant // stream 스트림, token 토큰, name 네임, routine 루틴
	case hasAnySuffix(word, "ket", "ck", "op", "ap", "it", "et", "ot", "ut"):
		return consonant // socket 소켓, ack 액, drop 드롭, bit 비트 is spelt so but rare
	}
	return vowel
}

func letterSound(c byte) sound {
	switch c {
	case 'L', 'l', 'R', 'r':
		return rieul // 엘, 알
	case 'M', 'm', 'N', 'n':
		return consonant // 엠, 엔
	}
	return vowel
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

// templates is go-i18n's parser with the particle function; its functions never change,
// so parsed messages may be kept.
type templates struct{ template.TextParser }

// Cacheable implements template.Parser.
func (*templates) Cacheable() bool { return true }

func parser() *templates {
	return &templates{template.TextParser{Funcs: texttemplate.FuncMap{"josa": Josa}}}
}
