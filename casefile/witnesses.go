package casefile

import "context"

// WitnessKeys are the verifier keys of the witnesses that are configured.
func (r *Room) WitnessKeys(ctx context.Context) ([]string, error) {
	return nil, nil
}
