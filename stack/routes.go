package stack

import "labserver/stack/ip"

// routeType is the type of a route that leads nowhere; "" is an ordinary one.
func (a RouteAdd) routeType() string {
	if a.Type == "unicast" {
		return ""
	}
	return a.Type
}

// checkRanges refuses a route that no host could have.
func (a RouteAdd) checkRanges() error {
	return first(checkDst(a.Dst), a.checkVia(), inRange("mtu", int64(a.MTU), 0, maxMTU),
		inRange("adv_mss", int64(a.AdvMSS), 0, maxMTU))
}

// checkVia wants a neighbour of the destination's family for an ordinary route, and none for
// one that refuses.
func (a RouteAdd) checkVia() *ArgError {
	switch a.routeType() {
	case "":
		if !a.Via.IsValid() {
			return &ArgError{Code: CodeMissing, Field: "via"}
		}
		if a.Via.Is4() != a.Dst.Addr().Is4() || a.Via.Zone() != "" {
			return &ArgError{Code: CodeBadType, Field: "via", Got: a.Via.String()}
		}
	case ip.Blackhole, ip.Unreachable, ip.Prohibit:
		if a.Via.IsValid() {
			return &ArgError{Code: CodeBadType, Field: "via", Got: a.Via.String()}
		}
	default:
		return &ArgError{Code: CodeOutOfRange, Field: "type", Got: shorten(a.Type),
			Limit: "unicast, blackhole, unreachable, prohibit"}
	}
	return nil
}
