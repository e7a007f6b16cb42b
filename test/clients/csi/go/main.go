// The two sides of the provider protocol, written from its published Go package alone: a provider to put behind a
// driver, and the calls that a driver makes, to put in front of a provider.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: provider SOCKET | mount SOCKET | version SOCKET [AUTHORITY]"))
	}
	var err error
	switch os.Args[1] {
	case "provider":
		err = serve(os.Args[2])
	case "mount":
		err = mount(os.Args[2])
	case "version":
		authority := "localhost"
		if len(os.Args) > 3 {
			authority = os.Args[3]
		}
		err = version(os.Args[2], authority)
	default:
		err = fmt.Errorf("there is no command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
