package i18n

import "golang.org/x/text/language"

// Match chooses a reader's language: the one asked for in the address, else the one
// chosen before, else the best of the browser's Accept-Language.
func Match(asked, chosen, accept string) Lang {
	for _, s := range []string{asked, chosen} {
		if l, ok := ParseLang(s); ok {
			return l
		}
	}
	wishes, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wishes) == 0 {
		return Fallback
	}
	offered := []Lang{English, Korean} // the first is the matcher's own fallback
	matcher := language.NewMatcher([]language.Tag{language.English, language.Korean})
	_, i, _ := matcher.Match(wishes...)
	return offered[i]
}
