package connector

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"compressor/internal/recipe"
	"compressor/internal/vault"
	planted "compressor/test/canary" // canary is the known text of the database here
)

// kinds are a connector for each kind of credentials, with what is secret of them.
func kinds(t *testing.T) map[*planted.Secret]recipe.Connector {
	word, key, sas, account := planted.Word("a secret access key"), planted.AzureKey(), planted.AzureSignature(), planted.ServiceAccount(t)
	azure := func(c recipe.Credentials) recipe.Connector {
		c.Account = "shopmedia"
		return recipe.Connector{Name: "azure", Provider: "azure", Bucket: "shop-media", Credentials: c}
	}
	s3 := s3("s3")
	s3.Credentials.SecretAccessKey = vault.NewSecret(word.Text)
	return map[*planted.Secret]recipe.Connector{
		&word: s3,
		&key:  azure(recipe.Credentials{Key: vault.NewSecret(key.Text)}),
		&sas:  azure(recipe.Credentials{SAS: vault.NewSecret(sas.Text)}),
		&account: {Name: "gcs", Provider: "gcs", Bucket: "shop-media",
			Credentials: recipe.Credentials{ServiceAccount: vault.NewSecret(account.Text)}},
	}
}

// TestNoSecretIsSeen looks for planted secrets of every kind in what is printed, answered and
// stored.
func TestNoSecretIsSeen(t *testing.T) {
	for secret, ask := range kinds(t) {
		t.Run(secret.Name, func(t *testing.T) {
			b := newBench(t, dataFolder(t), "")
			made := b.create(ask)
			place, defaults, err := b.Open(t.Context(), made.ID)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := place.Credentials.Reveal(); err != nil || secret.In(plain) == "" {
				t.Fatalf("the secret is not what was planted: %v", err)
			}
			row, err := get(t.Context(), b.db.Read(), made.ID)
			if err != nil {
				t.Fatal(err)
			}
			ask.Name = ""
			_, refused := b.Create(t.Context(), ask)
			seen := planted.Printed(ask, &ask, ask.Credentials, made, &made, place, &place, place.Credentials, defaults, row, &row, b.Store, refused)
			seen = append(seen, b.log.Bytes()...)
			if err := b.db.Close(); err != nil { // which also writes the log of the database back
				t.Fatal(err)
			}
			err = filepath.WalkDir(filepath.Dir(b.dir), func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				seen = append(seen, text...)
				return err
			})
			if err != nil || !bytes.Contains(seen, []byte("shop-media")) {
				t.Fatal(errors.Join(err, errors.New("nothing was looked at")))
			}
			if form := secret.In(seen); form != "" {
				t.Errorf("it is seen, %s", form)
			}
		})
	}
}
