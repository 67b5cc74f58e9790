package rfc

// Rules of address and port translation.
const (
	NATSettings     ID = "policy:nat"
	NATMapUDP       ID = "rfc4787:4.1"
	NATMapTCP       ID = "rfc5382:4.1"
	NATMapICMP      ID = "rfc5508:3.1"
	NATMapDependent ID = "rfc4787:4.1-dependent"
	NATOut          ID = "rfc3022:2.2"
	NATIn           ID = "rfc3022:2.2-in"
	NATHairpin      ID = "rfc4787:6"
	NATQuote        ID = "rfc5508:4.2"
	NATQuoteOut     ID = "rfc5508:4.3"
	NATQuoteUnknown ID = "rfc5508:4.2-unknown"
	NATFilter       ID = "rfc4787:5"
	NATFilterTCP    ID = "rfc5382:4.3"
	NATUnmapped     ID = "policy:nat-unmapped"
	NATHidden       ID = "policy:nat-hidden"
	NATNoHairpin    ID = "policy:nat-no-hairpin"
	NATExhausted    ID = "rfc5508:7.1"
	NATProtocol     ID = "rfc3022:2.2-protocol"
	NATTimeoutUDP   ID = "rfc4787:4.3"
	NATTimeoutTCP   ID = "rfc5382:5"
	NATTimeoutICMP  ID = "rfc5508:3.2"
	NATState        ID = "rfc5382:5-state"
)

// translation returns the rows of those rules.
func translation() []Rule {
	return []Rule{
		{ID: NATSettings, Level: Policy, Why: "a router translates as the lab and the person set " +
			"it; it does not by default"},
		{ID: NATMapUDP, Level: Must, RFC: 4787, Section: "4.1"},
		{ID: NATMapTCP, Level: Must, RFC: 5382, Section: "4.1"},
		{ID: NATMapICMP, Level: Must, RFC: 5508, Section: "3.1"},
		{ID: NATMapDependent, Level: Says, RFC: 4787, Section: "4.1"},
		{ID: NATOut, Level: Says, RFC: 3022, Section: "2.2"},
		{ID: NATIn, Level: Says, RFC: 3022, Section: "2.2"},
		{ID: NATHairpin, Level: Must, RFC: 4787, Section: "6"},
		{ID: NATQuote, Level: Must, RFC: 5508, Section: "4.2"},
		{ID: NATQuoteOut, Level: Must, RFC: 5508, Section: "4.3"},
		{ID: NATQuoteUnknown, Level: Should, RFC: 5508, Section: "4.2"},
		{ID: NATFilter, Level: Says, RFC: 4787, Section: "5"},
		{ID: NATFilterTCP, Level: Must, RFC: 5382, Section: "4.3"},
		{ID: NATUnmapped, Level: Policy, Why: "what comes to a port in the NAT's range that nothing " +
			"is mapped to is dropped in silence, so that two hosts behind NATs can open " +
			"towards each other"},
		{ID: NATHidden, Level: Policy, Why: "an address behind the NAT is no address outside: what " +
			"comes for it without a mapping is dropped"},
		{ID: NATNoHairpin, Level: Policy, Why: "hairpinning is switched off, so an inside host does " +
			"not reach another by its outside address"},
		{ID: NATExhausted, Level: Should, RFC: 5508, Section: "7.1"},
		{ID: NATProtocol, Level: Says, RFC: 3022, Section: "2.2"},
		{ID: NATTimeoutUDP, Level: Must, RFC: 4787, Section: "4.3"},
		{ID: NATTimeoutTCP, Level: Must, RFC: 5382, Section: "5"},
		{ID: NATTimeoutICMP, Level: Must, RFC: 5508, Section: "3.2"},
		{ID: NATState, Level: Says, RFC: 5382, Section: "5"},
	}
}
