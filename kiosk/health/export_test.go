package health

import (
	"context"
	"sync"
)

// RunMachine looks at the computer alone.
func (m *Monitor) RunMachine(ctx context.Context) {
	var looks sync.WaitGroup
	looks.Go(func() { m.keepLooking(ctx, m.lookMachine) })
	looks.Go(func() { m.keepLooking(ctx, m.lookWrites) })
	looks.Wait()
}
