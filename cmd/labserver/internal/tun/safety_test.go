package tun

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPrivateNetworksThatNobodyUsesAreTaken(t *testing.T) {
	taken := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"),
		netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("fd12::/64")}
	for p, says := range map[string]string{
		"10.99.0.1/24":        "",
		"192.0.2.1/30":        "",
		"fd99::1/64":          "",
		"0.0.0.0/0":           "private",
		"::/0":                "private",
		"10.0.0.1/7":          "private",
		"8.8.8.1/24":          "private",
		"127.0.0.1/8":         "private",
		"169.254.1.1/16":      "private",
		"224.0.0.1/24":        "private",
		"2000::1/3":           "private",
		"fe80::1/64":          "private",
		"10.99.0.1/31":        "second host",
		"fd99::1/127":         "second host",
		"10.99.0.0/24":        "use 10.99.0.1",
		"10.99.0.255/24":      "use 10.99.0.1",
		"172.17.5.1/24":       "overlaps with 172.17.0.0/16",
		"172.16.0.1/12":       "overlaps with 172.17.0.0/16",
		"fd12::99:1/112":      "overlaps with fd12::/64",
		"::ffff:10.0.0.1/104": "private",
	} {
		err := CheckNetwork(netip.MustParsePrefix(p), taken)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", p, err, says)
		}
	}
	if CheckNetwork(netip.Prefix{}, nil) == nil {
		t.Error("no network was taken")
	}
}

func TestTheOtherEndIsTheAddressBeside(t *testing.T) {
	for p, want := range map[string]string{"10.99.0.1/24": "10.99.0.2", "10.99.0.254/24": "10.99.0.253",
		"10.99.0.2/30": "10.99.0.1", "fd99::1/64": "fd99::2", "fd99::ffff/112": "fd99::fffe"} {
		if got := Beside(netip.MustParsePrefix(p)); got.String() != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

func TestTheKernelsRoutesAreRead(t *testing.T) {
	v4 := "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
	if got := routes4(v4); len(got) != 2 || got[0].String() != "0.0.0.0/0" ||
		got[1].String() != "172.17.0.0/16" {
		t.Errorf("IPv4: %v", got)
	}
	v6 := "fd990000000000000000000000000000 40 00000000000000000000000000000000 00 " +
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001 lab0\n"
	if got := routes6(v6); len(got) != 1 || got[0].String() != "fd99::/64" {
		t.Errorf("IPv6: %v", got)
	}
	if _, err := Taken(); err != nil {
		t.Error(err)
	}
}
