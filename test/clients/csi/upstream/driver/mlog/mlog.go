// Package mlog has what the driver of upstream calls of its log library, on klog.
package mlog

import (
	"context"

	"k8s.io/klog/v2"
)

// LogFormat is how lines are written. Here they are always text.
type LogFormat string

// The formats that the driver knows.
const (
	FormatText LogFormat = "text"
	FormatJSON LogFormat = "json"
)

// Setup answers what has to be called at the end.
func Setup() func() { return klog.Flush }

// ValidateAndSetKlogLevelAndFormatGlobally leaves klog as its flags say.
func ValidateAndSetKlogLevelAndFormatGlobally(context.Context, klog.Level, LogFormat) error {
	return nil
}

// Error writes an error.
func Error(message string, err error, fields ...any) { klog.ErrorS(err, message, fields...) }

// Fatal writes an error and ends the process.
func Fatal(err error) { klog.Fatal(err) }
