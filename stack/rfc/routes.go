package rfc

// Rules of routes that refuse packets, and of addresses that routers do not pass on.
const (
	RouteBlackhole   ID = "policy:route-blackhole"
	RouteUnreachable ID = "rfc1812:5.2.7.1-host"
	RouteProhibit    ID = "rfc1812:5.2.7.1-prohibit"
	RouteReject6     ID = "rfc4443:3.1-reject"
	RouteProhibit6   ID = "rfc4443:3.1-prohibit"
	MartianSource    ID = "rfc1812:5.3.7"
	MartianDest      ID = "rfc1812:5.3.7-destination"
	MartianSource6   ID = "rfc4291:2.5.2"
	MartianDest6     ID = "rfc4291:2.5.3"
	LinkLocalOnly    ID = "rfc4291:2.5.6"
	NoHostSource     ID = "rfc1122:3.2.1.3-source"
	NoHostSource6    ID = "rfc4291:2.7-source"
	StrongHost       ID = "rfc1122:3.3.4.2"
	RedirectSent     ID = "rfc1812:5.2.7.2"
	RedirectTaken    ID = "rfc1122:3.2.2.2"
)

// routes returns the rows of those rules.
func routes() []Rule {
	return []Rule{
		{ID: RouteBlackhole, Level: Policy, Why: "a blackhole route drops what it matches and " +
			"tells nobody, as on Linux"},
		{ID: RouteUnreachable, Level: Must, RFC: 1812, Section: "5.2.7.1"},
		{ID: RouteProhibit, Level: May, RFC: 1812, Section: "5.2.7.1"},
		{ID: RouteReject6, Level: Says, RFC: 4443, Section: "3.1"},
		{ID: RouteProhibit6, Level: Says, RFC: 4443, Section: "3.1"},
		{ID: MartianSource, Level: Should, RFC: 1812, Section: "5.3.7"},
		{ID: MartianDest, Level: Should, RFC: 1812, Section: "5.3.7"},
		{ID: MartianSource6, Level: Must, RFC: 4291, Section: "2.5.2"},
		{ID: MartianDest6, Level: Must, RFC: 4291, Section: "2.5.3"},
		{ID: NoHostSource, Level: Must, RFC: 1122, Section: "3.2.1.3"},
		{ID: NoHostSource6, Level: Must, RFC: 4291, Section: "2.7"},
		{ID: StrongHost, Level: May, RFC: 1122, Section: "3.3.4.2"},
		{ID: RedirectSent, Level: May, RFC: 1812, Section: "5.2.7.2"},
		{ID: RedirectTaken, Level: Must, RFC: 1122, Section: "3.2.2.2"},
		{ID: LinkLocalOnly, Level: Must, RFC: 4291, Section: "2.5.6"},
	}
}
