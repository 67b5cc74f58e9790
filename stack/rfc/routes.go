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
		{ID: LinkLocalOnly, Level: Must, RFC: 4291, Section: "2.5.6"},
	}
}
