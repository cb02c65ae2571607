package storage

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"

	"compressor/internal/vault"
)

// TokenURL is the only address that a service account of Google may get its tokens from
// (developers.google.com/identity/protocols/oauth2/service-account), whatever its JSON says:
// whoever answers there gets a statement signed by the account.
const TokenURL = "https://oauth2.googleapis.com/token"

// maxServiceAccount is the longest key file of a service account, in bytes: they have 2.4 KB.
const maxServiceAccount = 16 << 10

// credential is one of the credentials: its name on the wire, what was given, and whether
// that is of the form that goes on from "Must be".
type credential struct {
	name  string
	given string
	words string
	good  func(string) bool
}

// needs are the credentials that a provider takes: of one way in, all.
func needs(p Provider, c Credentials) (ways [][]credential) {
	pair := []credential{
		{"access_key_id", c.AccessKeyID, "at most 128 printable characters without blanks, commas and slashes", keyID},
		{"secret_access_key", c.SecretAccessKey.Reveal(), "at most 512 printable characters without blanks", secretWord},
	}
	switch p {
	case S3, Spaces, B2:
		return [][]credential{pair}
	case R2:
		account := credential{"account", c.Account, "the id of an account: 32 hexadecimal digits, in lower case", r2Account}
		return [][]credential{append(pair, account)}
	case GCS:
		return [][]credential{pair, {{"service_account", c.ServiceAccount.Reveal(), serviceWords, serviceAccount}}}
	case Azure:
		account := credential{"account", c.Account, "the name of a storage account: 3 to 24 lower-case letters and digits", azureAccount}
		return [][]credential{
			{account, {"key", c.Key.Reveal(), "a key of a storage account, in base64", azureKey}},
			{account, {"sas", c.SAS.Reveal(), "a shared access signature, with sv and sig", signature}},
		}
	}
	return nil
}

// checkCredentials notes what is missing, what does not belong, and what is of a wrong
// form. No message repeats a value.
func checkCredentials(wrong *faults, p Provider, c Credentials) {
	ways := needs(p, c)
	taken := map[string]bool{}
	for _, way := range ways {
		for _, one := range way {
			taken[one.name] = true
		}
	}
	for _, one := range everything(c) {
		if one.given != "" && !taken[one.name] {
			wrong.say("credentials."+one.name, "Is not for provider '%s'.", p)
		}
	}
	if len(ways) == 0 {
		return
	}
	way, both := chosen(ways)
	if both {
		wrong.say("credentials", "Must have one way in, not two: either %s or %s.", list(ways[0]), list(ways[1]))
		return
	}
	if way == nil {
		wrong.say("credentials", "Must have %s or %s.", list(ways[0]), list(ways[1]))
		return
	}
	for _, one := range way {
		if one.given == "" {
			wrong.say("credentials."+one.name, "Is required for provider '%s'.", p)
		} else if !one.good(one.given) {
			wrong.say("credentials."+one.name, "Must be %s.", one.words)
		}
	}
}

// everything is all that may be given, for what does not belong.
func everything(c Credentials) []credential {
	return []credential{
		{name: "access_key_id", given: c.AccessKeyID}, {name: "secret_access_key", given: c.SecretAccessKey.Reveal()},
		{name: "service_account", given: c.ServiceAccount.Reveal()}, {name: "account", given: c.Account},
		{name: "key", given: c.Key.Reveal()}, {name: "sas", given: c.SAS.Reveal()},
	}
}

// chosen is the way in of which something was given that the other one does not have: nil
// where there is nothing of either, and both where there is of each.
func chosen(ways [][]credential) (way []credential, both bool) {
	if len(ways) == 1 {
		return ways[0], false
	}
	for i := range ways {
		begun := false
		for _, one := range ways[i] {
			begun = begun || one.given != "" && !names(ways[1-i], one.name)
		}
		if begun && way != nil {
			return nil, true
		}
		if begun {
			way = ways[i]
		}
	}
	return way, false
}

func names(way []credential, name string) bool {
	for _, one := range way {
		if one.name == name {
			return true
		}
	}
	return false
}

// list names the credentials of a way in.
func list(way []credential) string {
	var words []string
	for _, one := range way {
		words = append(words, "'"+one.name+"'")
	}
	return strings.Join(words, " with ")
}

// printable is ASCII that shows, without the blank.
func printable(c byte) bool { return c > ' ' && c < 0x7f }

// keyID is part of the scope that is signed, which is split at slashes.
func keyID(s string) bool { return only(s, 1, 128, printable) && !strings.ContainsAny(s, ",/") }

func secretWord(s string) bool { return only(s, 1, 512, printable) }

// azureKey is base64; the keys that Azure makes have 64 bytes.
func azureKey(s string) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) >= 32 && len(s) <= 512
}

// signature says whether s is the query of a shared access signature.
func signature(s string) bool {
	q, err := url.ParseQuery(strings.TrimPrefix(s, "?"))
	return err == nil && only(s, 1, 2048, printable) && q.Get("sig") != "" && q.Get("sv") != ""
}

const serviceWords = "the JSON of the key of a service account: type service_account, client_email, an RSA private_key in PEM, and the token_uri " + TokenURL

// serviceKey is what is read of the key file of a service account.
type serviceKey struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	Token    string `json:"token_uri"`
	Universe string `json:"universe_domain"`
}

// serviceAccount refuses the other types of Google's credentials, which run programs and
// ask addresses of their own choice, and any other place to get tokens from.
func serviceAccount(s string) bool {
	var k serviceKey
	var exact map[string]json.RawMessage
	if len(s) > maxServiceAccount || json.Unmarshal([]byte(s), &k) != nil || json.Unmarshal([]byte(s), &exact) != nil {
		return false
	}
	for name := range exact {
		// Go reads Token_URI as token_uri, and others do not: nobody shall read another address.
		if !only(name, 1, 64, lower, digit, is('_')) {
			return false
		}
	}
	if k.Type != "service_account" || k.Token != "" && k.Token != TokenURL || k.Universe != "" && k.Universe != "googleapis.com" {
		return false
	}
	block, _ := pem.Decode([]byte(k.Key))
	if block == nil || !only(k.Email, 3, 254, printable) || !strings.Contains(k.Email, "@") {
		return false
	}
	_, pkcs8 := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(block.Bytes)
	return pkcs8 == nil || pkcs1 == nil
}

// Shown is what may be seen of credentials, to tell them apart, by their names on the wire:
// the last four characters of an access key id, the client_email of a service account, an
// account.
func (c Credentials) Shown() map[string]string {
	out := map[string]string{}
	if c.AccessKeyID != "" {
		out["access_key_id"] = "…" + c.AccessKeyID[max(0, len(c.AccessKeyID)-4):]
	}
	if c.Account != "" {
		out["account"] = c.Account
	}
	var k serviceKey
	if !c.ServiceAccount.Empty() && json.Unmarshal([]byte(c.ServiceAccount.Reveal()), &k) == nil {
		out["service_account"] = k.Email
	}
	return out
}

// sealed is how credentials lie in a vault.
type sealed struct {
	AccessKeyID     string `json:"access_key_id,omitempty"`
	SecretAccessKey string `json:"secret_access_key,omitempty"`
	ServiceAccount  string `json:"service_account,omitempty"`
	Account         string `json:"account,omitempty"`
	Key             string `json:"key,omitempty"`
	SAS             string `json:"sas,omitempty"`
}

// Reveal writes credentials out, secrets and all: to be sealed and for nothing else.
func (c Credentials) Reveal() ([]byte, error) {
	return json.Marshal(sealed{c.AccessKeyID, c.SecretAccessKey.Reveal(), c.ServiceAccount.Reveal(), c.Account, c.Key.Reveal(), c.SAS.Reveal()})
}

// ParseCredentials reads what Reveal wrote.
func ParseCredentials(text []byte) (Credentials, error) {
	var s sealed
	if err := json.Unmarshal(text, &s); err != nil {
		return Credentials{}, errCredentials
	}
	return Credentials{s.AccessKeyID, vault.NewSecret(s.SecretAccessKey), vault.NewSecret(s.ServiceAccount), s.Account, vault.NewSecret(s.Key), vault.NewSecret(s.SAS)}, nil
}
