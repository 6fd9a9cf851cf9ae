// Command receiptcheck checks a donor's receipt (C2SP tlog-proof) with transparency-dev's own code:
// its parser, its checkpoint and cosignature verifiers, its Merkle proof.
//
//	receiptcheck FILE VKEY [WITNESS_VKEY...]
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := check(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func check(file, vkey string, witnesses []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var receipt tlogproof.TLogProof
	if err := receipt.Unmarshal(data); err != nil {
		return err
	}
	if !bytes.Equal(receipt.Marshal(), data) {
		return fmt.Errorf("the receipt is written otherwise than the library writes it")
	}
	checkpoint, err := open(receipt.Checkpoint, vkey, witnesses)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(receipt.Hashes))
	for at := range receipt.Hashes {
		hashes[at] = receipt.Hashes[at][:]
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(receipt.ExtraData)
	return proof.VerifyInclusion(
		rfc6962.DefaultHasher, receipt.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash)
}

func open(raw []byte, vkey string, witnesses []string) (*log.Checkpoint, error) {
	own, err := fnote.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	var others []note.Verifier
	for _, witness := range witnesses {
		other, err := fnote.NewVerifierForCosignatureV1(witness)
		if err != nil {
			return nil, err
		}
		others = append(others, other)
	}
	checkpoint, _, opened, err := log.ParseCheckpoint(raw, own.Name(), own, others...)
	if err != nil {
		return nil, err
	}
	if len(opened.Sigs) != 1+len(others) {
		return nil, fmt.Errorf("%d of %d known keys signed", len(opened.Sigs), 1+len(others))
	}
	return checkpoint, nil
}
