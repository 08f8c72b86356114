package redis

import (
	"crypto/sha1" //nolint:gosec // it is how the server names scripts
	_ "embed"
	"encoding/hex"
)

// What the scripts do, and what they take and return, is said at the beginning of each.
var (
	//go:embed scripts/common.lua
	commonSource string
	//go:embed scripts/put.lua
	putSource string
	//go:embed scripts/take.lua
	takeSource string
	//go:embed scripts/complete.lua
	completeSource string
	//go:embed scripts/release.lua
	releaseSource string
	//go:embed scripts/extend.lua
	extendSource string
	//go:embed scripts/bury.lua
	burySource string
	//go:embed scripts/look.lua
	lookSource string
	//go:embed scripts/count.lua
	countSource string
	//go:embed scripts/purge.lua
	purgeSource string
)

// script is a script as the server runs it.
type script struct {
	text string
	sha  string // by which the server knows it
}

// Only what adds messages is refused by a server that is out of memory; the others make room.
const (
	refusedWithoutMemory = "#!lua\n"
	allowedWithoutMemory = "#!lua flags=allow-oom\n"
)

func newScript(head, body string) script {
	text := head + commonSource + body
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return script{text: text, sha: hex.EncodeToString(sum[:])}
}

// scripts are all of them.
type scripts struct {
	put, take, complete, release, extend, bury, look, count, purge script
}

func newScripts() scripts {
	return scripts{
		put:      newScript(refusedWithoutMemory, putSource),
		take:     newScript(allowedWithoutMemory, takeSource),
		complete: newScript(allowedWithoutMemory, completeSource),
		release:  newScript(allowedWithoutMemory, releaseSource),
		extend:   newScript(allowedWithoutMemory, extendSource),
		bury:     newScript(allowedWithoutMemory, burySource),
		look:     newScript(allowedWithoutMemory, lookSource),
		count:    newScript(allowedWithoutMemory, countSource),
		purge:    newScript(allowedWithoutMemory, purgeSource),
	}
}
