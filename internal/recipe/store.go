package recipe

import "compressor/internal/vault"

// Store is where a result goes instead of staying here. What each provider takes of it is a
// matter of package storage.
type Store struct {
	ID        string            `json:"id" required:"true" maxLength:"64" doc:"Id of the connector."`
	Bucket    string            `json:"bucket,omitempty" maxLength:"255" doc:"Bucket, unless the connector names one."`
	Container string            `json:"container,omitempty" maxLength:"255" doc:"The same on Azure, by its name there."`
	Region    string            `json:"region,omitempty" maxLength:"64" doc:"Region of the bucket; on s3, spaces and b2 it must be given here or in the connector."`
	Path      string            `json:"path,omitempty" maxLength:"1024" doc:"Name of the object. A folder when it ends in /, and the root when it is /: the result's own name follows. {id}, {name}, {ext} and {sha1} stand for the job, the name without its extension, the extension and the SHA-1 of the result. Default: that of the connector, else the root."`
	ACL       string            `json:"acl,omitempty" enum:"public-read,private,public-read-write,authenticated-read,aws-exec-read,bucket-owner-read,bucket-owner-full-control" doc:"Who may read the object; only the first two but on s3, none on azure and local. Default: that of the connector, else public-read where the bucket takes ACLs."`
	Class     string            `json:"class,omitempty" enum:"standard,reduced-redundancy,standard-ia,onezone-ia,intelligent-tiering,glacier,glacier-ir,deep-archive,nearline,coldline,archive" doc:"Storage class, on s3, and of standard, nearline, coldline and archive on gcs. Default: that of the bucket."`
	Metadata  map[string]string `json:"metadata,omitempty" doc:"Metadata of the object: names of letters, digits and hyphens (on azure underscores), 2 KB in all."`
	Headers   map[string]string `json:"headers,omitempty" doc:"Headers that the object is served with: Cache-Control, Content-Type, Content-Encoding, Content-Disposition; Content-Language but on spaces and b2; Expires on s3 and r2."`
	Tags      map[string]string `json:"tags,omitempty" maxItems:"10" doc:"Tags of the object, on s3."`
	Overwrite bool              `json:"overwrite" default:"true" doc:"Whether an object of that name is replaced. Otherwise the job fails with store-failed."`
}

// Connector is the body of POST /1.0/connectors: a place to read from and write to, and the
// way in.
type Connector struct {
	Name        string      `json:"name" required:"true" minLength:"1" maxLength:"255" doc:"What it is called; no two are called the same."`
	Provider    string      `json:"provider" required:"true" enum:"s3,gcs,azure,r2,spaces,b2,local" doc:"Who keeps the objects. s3 with an endpoint is any compatible store; local is a folder that the operator allows."`
	Credentials Credentials `json:"credentials" writeOnly:"true" doc:"The way in; none for local. They are sealed at once and never shown again."`
	Bucket      string      `json:"bucket,omitempty" maxLength:"255" doc:"Bucket, or container on azure, where a request names none."`
	Region      string      `json:"region,omitempty" maxLength:"64" doc:"Its region, where a request names none."`
	Path        string      `json:"path,omitempty" maxLength:"1024" doc:"Path, as in store, where a request names none. For local, and required there: the folder, below one of COMPRESSOR_LOCAL_ROOTS."`
	ACL         string      `json:"acl,omitempty" enum:"public-read,private,public-read-write,authenticated-read,aws-exec-read,bucket-owner-read,bucket-owner-full-control" doc:"Who may read the objects, where a request does not say."`
	Endpoint    string      `json:"endpoint,omitempty" maxLength:"2048" doc:"Base URL of a store that speaks S3 but is not AWS, for s3 only."`
}

// Credentials are the way into a place. Which of them are needed depends on the provider.
type Credentials struct {
	AccessKeyID     string       `json:"access_key_id,omitempty" maxLength:"128" writeOnly:"true" doc:"For s3, r2, spaces and b2, and for gcs with an interoperability key."`
	SecretAccessKey vault.Secret `json:"secret_access_key,omitempty" writeOnly:"true" doc:"With access_key_id."`
	ServiceAccount  vault.Secret `json:"service_account,omitempty" writeOnly:"true" doc:"For gcs, instead: the JSON of the key of a service account, as text."`
	Account         string       `json:"account,omitempty" maxLength:"64" doc:"For azure the storage account, for r2 the account id."`
	Key             vault.Secret `json:"key,omitempty" writeOnly:"true" doc:"For azure: a key of the storage account."`
	SAS             vault.Secret `json:"sas,omitempty" writeOnly:"true" doc:"For azure, instead: a shared access signature."`
}

// ConnectorPatch is the body of PATCH /1.0/connectors/{id}, a JSON merge patch. What is left
// out stays; null takes a value away, as an empty text does. Credentials are replaced whole.
type ConnectorPatch struct {
	Name        *string      `json:"name,omitempty" minLength:"1" maxLength:"255" doc:"What it is called."`
	Credentials *Credentials `json:"credentials,omitempty" writeOnly:"true" doc:"The way in, whole. It must be given when the endpoint changes."`
	Bucket      *string      `json:"bucket,omitempty" maxLength:"255" doc:"Bucket, or container, where a request names none."`
	Region      *string      `json:"region,omitempty" maxLength:"64" doc:"Its region."`
	Path        *string      `json:"path,omitempty" maxLength:"1024" doc:"Path where a request names none; the folder of a local one."`
	ACL         *string      `json:"acl,omitempty" doc:"Who may read the objects, where a request does not say."`
	Endpoint    *string      `json:"endpoint,omitempty" maxLength:"2048" doc:"Base URL of a compatible store, for s3 only."`
}
