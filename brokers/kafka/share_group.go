package kafka

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pip-services3-gox/pip-services3-messaging-gox/queues"
)

// Settings of a share group, which are the group's on the broker.
const (
	settingReset      = "share.auto.offset.reset"
	settingDeliveries = "share.delivery.count.limit"
	settingAssignment = "share.assignment.interval.ms"
)

// wantedDeliveries is how often the broker shall hand out a record before it gives it up: the most that a
// broker allows unless it is configured otherwise. See spareDeliveries.
const wantedDeliveries = 10

// usualDeliveries is what a broker allows if it does not say.
const usualDeliveries = 5

// spareDeliveries is how many deliveries before its limit a record is copied and the original accepted. The
// broker would archive a record that reaches the limit, which nobody would see; one crash, and another one
// during the copying, are provided for.
const spareDeliveries = 2

// shareSettings is what is to be known of a share group.
type shareSettings struct {
	deliveries int // the broker's limit
}

// mayStay tells whether a record that has been handed out so often may be left to the broker.
func (s shareSettings) mayStay(deliveries int) bool {
	return deliveries <= s.deliveries-spareDeliveries
}

// prepareShareGroup sets what a group is made with, and waits until the broker goes by it.
func (l *link) prepareShareGroup(ctx context.Context, group string, fromBeginning bool) (shareSettings, error) {
	reset := "latest"
	if fromBeginning {
		reset = "earliest"
	}
	found, err := l.shareGroupSettings(ctx, group)
	if err != nil {
		return shareSettings{}, fail(ctx, "reading the settings of share group "+group, err)
	}
	wanted := map[string]string{settingReset: reset, settingDeliveries: strconv.Itoa(wantedDeliveries), settingAssignment: "0"}
	if !holds(found, wanted) {
		err = l.setShareGroup(ctx, group, wanted)
		for _, unknown := range []string{settingAssignment, settingDeliveries} { // to an older broker, or it sets other bounds
			if err != nil {
				delete(wanted, unknown)
				err = l.setShareGroup(ctx, group, wanted)
			}
		}
		for err == nil { // the broker goes by it a little later
			if found, err = l.shareGroupSettings(ctx, group); err != nil || holds(found, wanted) {
				break
			}
			err = pauseFor(ctx, 10*time.Millisecond)
		}
		if err != nil && ctx.Err() != nil {
			return shareSettings{}, fail(ctx, "making share group "+group, err)
		}
		if err != nil && found[settingReset] != reset {
			return shareSettings{}, fmt.Errorf("%w: share group %s must have the setting %s: %s, which could not be made; let the user alter configurations of groups, or have someone else set it: %w",
				queues.ErrBadConfig, group, settingReset, reset, err)
		}
	}
	limit, err := strconv.Atoi(found[settingDeliveries])
	if err != nil || limit < 1 {
		limit = usualDeliveries
	}
	return shareSettings{deliveries: limit}, nil
}

func holds(found, wanted map[string]string) bool {
	for name, value := range wanted {
		if found[name] != value {
			return false
		}
	}
	return true
}

// shareGroupSettings reads the settings of a group that hold, whether they are its own or the broker's.
func (l *link) shareGroupSettings(ctx context.Context, group string) (map[string]string, error) {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	request.Resources = append(request.Resources, resource)
	answer, err := request.RequestWith(ctx, l.client)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, resource := range answer.Resources {
		if err := kerr.ErrorForCode(resource.ErrorCode); err != nil {
			return nil, err
		}
		for _, entry := range resource.Configs {
			if entry.Value != nil {
				settings[entry.Name] = *entry.Value
			}
		}
	}
	return settings, nil
}

func (l *link) setShareGroup(ctx context.Context, group string, settings map[string]string) error {
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	for name, value := range settings {
		entry := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		entry.Name, entry.Op, entry.Value = name, kmsg.IncrementalAlterConfigOpSet, &value
		resource.Configs = append(resource.Configs, entry)
	}
	request.Resources = append(request.Resources, resource)
	answer, err := request.RequestWith(ctx, l.client)
	if err != nil {
		return err
	}
	for _, resource := range answer.Resources {
		if err := kerr.ErrorForCode(resource.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

// pauseFor returns after d, or with the error of ctx when that ends.
func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
