// Command gocheck verifies a published log with the Go team's own code (golang.org/x/mod):
// the signature, the tree rebuilt from the entry bundles, every tile, and proofs from the tiles.
//
//	gocheck LOG VKEY [OLDER_CHECKPOINT...]
//	gocheck proofs FILE
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for at, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		found[at] = h[index]
	}
	return found, nil
}

type directory string

func (d directory) Height() int                     { return height }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}
func (d directory) path(tile tlog.Tile) string {
	elements := strings.SplitN(tile.Path(), "/", 3)
	name := elements[2]
	if tile.L == -1 {
		name = "entries/" + strings.TrimPrefix(name, "data/")
	}
	return filepath.Join(string(d), "tile", name)
}
func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for at, tile := range tiles {
		data, err := os.ReadFile(d.path(tile))
		if err != nil {
			return nil, err
		}
		found[at] = data
	}
	return found, nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if args[0] == "proofs" {
		return checkProofs(args[1])
	}
	return check(directory(args[0]), args[1], args[2:])
}

func check(log directory, vkey string, older []string) error {
	tree, err := openCheckpoint(filepath.Join(string(log), "checkpoint"), vkey)
	if err != nil {
		return err
	}
	stored, err := rebuild(log, tree.N)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries' root is %v, the checkpoint's %v", root, tree.Hash)
	}
	if err := compareTiles(log, tree.N, stored); err != nil {
		return err
	}
	if err := continuesAll(older, vkey, tree, stored); err != nil {
		return err
	}
	return proveFromTiles(log, tree, stored)
}

// continuesAll says whether the log still begins with what each older checkpoint signed.
func continuesAll(older []string, vkey string, tree tlog.Tree, stored hashes) error {
	for _, file := range older {
		old, err := openCheckpoint(file, vkey)
		if err != nil {
			return err
		}
		if old.N > tree.N {
			return fmt.Errorf("the log shrank from %d to %d", old.N, tree.N)
		}
		if old.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(tree.N, old.N, stored)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("%s is of another history: %w", file, err)
		}
	}
	return nil
}

func openCheckpoint(file, vkey string) (tlog.Tree, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

func rebuild(log directory, size int64) (hashes, error) {
	var stored hashes
	for index := int64(0); index < size; {
		width := min(size-index, 1<<height)
		tile := tlog.Tile{H: height, L: -1, N: index >> height, W: int(width)}
		bundle, err := os.ReadFile(log.path(tile))
		if err != nil {
			return nil, err
		}
		for range width {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("bundle %d is too short", tile.N)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			more, err := tlog.StoredHashes(index, bundle[2:end], stored)
			if err != nil {
				return nil, err
			}
			stored, bundle = append(stored, more...), bundle[end:]
			index++
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("bundle %d is too long", tile.N)
		}
	}
	return stored, nil
}

func compareTiles(log directory, size int64, stored hashes) error {
	for _, tile := range tlog.NewTiles(height, 0, size) {
		rebuilt, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		published, err := os.ReadFile(log.path(tile))
		if err != nil {
			return err
		}
		if !bytes.Equal(rebuilt, published) {
			return fmt.Errorf("%s differs", log.path(tile))
		}
	}
	return nil
}

func proveFromTiles(log directory, tree tlog.Tree, stored hashes) error {
	reader := tlog.TileHashReader(tree, log)
	for index := int64(0); index < tree.N; index += 1 + tree.N/50 {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		leaf := stored[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
			return err
		}
		if index == 0 {
			continue
		}
		older, err := tlog.TreeHash(index, stored)
		if err != nil {
			return err
		}
		consistency, err := tlog.ProveTree(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, index, older); err != nil {
			return err
		}
	}
	return nil
}
