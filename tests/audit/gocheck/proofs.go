package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// claim is one proof that another program made: with a leaf, that it is entry Index of the tree;
// without, that the tree of Old entries is the beginning of it. Hashes are base64.
type claim struct {
	Size    int64
	Root    []byte
	Index   int64
	Leaf    []byte
	Old     int64
	OldRoot []byte
	Proof   [][]byte
	Wrong   bool
}

// checkProofs judges one claim a line; Wrong ones must be rejected.
func checkProofs(file string) error {
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	defer opened.Close()
	lines := bufio.NewScanner(opened)
	lines.Buffer(nil, 1<<20)
	checked := 0
	for lines.Scan() {
		var said claim
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			return err
		}
		if err := said.check(); (err != nil) != said.Wrong {
			return fmt.Errorf("line %d: %v", checked+1, err)
		}
		checked++
	}
	fmt.Println(checked)
	return lines.Err()
}

func (c claim) check() error {
	proof := make([]tlog.Hash, len(c.Proof))
	for at, hash := range c.Proof {
		proof[at] = tlog.Hash(hash)
	}
	if c.Leaf != nil {
		return tlog.CheckRecord(proof, c.Size, tlog.Hash(c.Root), c.Index, tlog.Hash(c.Leaf))
	}
	return tlog.CheckTree(proof, c.Size, tlog.Hash(c.Root), c.Old, tlog.Hash(c.OldRoot))
}
