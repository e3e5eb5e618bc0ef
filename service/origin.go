package service

import "net/netip"

// Origin is where an address is from. What is "" is not known.
type Origin struct {
	Network string // "AS64500"
	Country string // ISO 3166-1 alpha-2
}

func (s *Service) originOf(a netip.Addr) Origin {
	if s.config.Locate == nil {
		return Origin{}
	}
	return s.config.Locate(a.Unmap())
}
