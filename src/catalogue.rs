//! Every capability, and every resource that can stand behind one: ids, keys, interfaces, service, maturity.
//!
//! Validation, `slt add`, the language server, the documentation and the provider registry are driven by these two
//! tables; adding a backend is one row of [`RESOURCES`], one provider file and its emulator. Nothing here checks
//! anything or starts anything.

/// A family of interfaces. In a slightfile, names are unique within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `wasi:keyvalue`
    Keyvalue,
    /// `wasi:messaging`
    Messaging,
    /// `slight:locking`
    DistributedLocking,
    /// `slight:sql`
    Sql,
    /// `wasi:blobstore`
    Blobstore,
    /// `wasi:config`
    Configs,
    /// `wasi:http/incoming-handler`
    Http,
    /// `wasi:http/outgoing-handler`
    HttpClient,
}

impl Family {
    /// Whether a component that uses it needs an entry in the slightfile: HTTP is there for every component.
    #[must_use]
    pub fn needs_entry(self) -> bool {
        !matches!(self, Self::Http | Self::HttpClient)
    }
}

/// An interface of a capability, and the versions of it that are hosted (or will be, for a planned one).
#[derive(Debug, Clone, Copy)]
pub struct Hosted {
    /// `wasi:keyvalue`
    pub package: &'static str,
    /// `store`
    pub interface: &'static str,
    /// The versions. `0.2.0` stands for each 0.2.x; a pre-release stands for itself.
    pub versions: &'static [&'static str],
    /// Whether it has slight's names, for what was written for slight: it is there for who asks for it, and recommended to nobody.
    pub compat: bool,
}

/// A capability.
#[derive(Debug, Clone, Copy)]
pub struct Capability {
    /// The family.
    pub family: Family,
    /// What stands before the dot of a resource: `keyvalue`.
    pub name: &'static str,
    /// What a component imports to use it.
    pub imports: &'static [Hosted],
    /// What a component exports to be called by it.
    pub exports: &'static [Hosted],
    /// What it is, in a few words.
    pub help: &'static str,
}

/// Whether a key must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it nothing starts.
    Required,
    /// It may be left out.
    Optional,
    /// It, or this other one.
    Or(&'static str),
}

/// The form of a value, as far as a literal can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Text,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// `redis://`, whose path is the number of a database or nothing.
    RedisUrl,
    /// A TCP port.
    Port,
}

/// A configuration key of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be set.
    pub need: Need,
    /// Whether its value must not be written into the file.
    pub secret: bool,
    /// Whether it says where the service is; the emulator's own place is used under test.
    pub endpoint: bool,
    /// What a literal must look like.
    pub form: Form,
    /// What it is, in a few words.
    pub help: &'static str,
    /// A value to show in hints.
    pub example: &'static str,
}

/// Whether a provider is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maturity {
    /// It runs and is tested.
    Ready,
    /// `check` knows it; `run` and `test` refuse it by name.
    Planned,
}

/// A backend of a capability.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// `keyvalue.redis`
    pub id: &'static str,
    /// Other ids of today.
    pub also: &'static [&'static str],
    /// Ids of slight 0.1: accepted with a warning before 1.0.
    pub old: &'static [&'static str],
    /// The capability.
    pub family: Family,
    /// The server that it talks to, if any.
    pub service: Option<&'static str>,
    /// Its configuration.
    pub keys: &'static [Key],
    /// Whether only spec versions before 1.0 have it.
    pub legacy: bool,
    /// Whether it is built.
    pub maturity: Maturity,
    /// What it is, in a few words.
    pub help: &'static str,
}

const DRAFT: &[&str] = &["0.2.0-draft"];
const OURS: &[&str] = &["0.1.0"];
const WASI: &[&str] = &["0.2.0"];

const fn hosted(package: &'static str, interface: &'static str, versions: &'static [&'static str]) -> Hosted {
    Hosted {
        package,
        interface,
        versions,
        compat: false,
    }
}

const fn compat(package: &'static str) -> Hosted {
    Hosted {
        compat: true,
        ..hosted(package, "compat", OURS)
    }
}

/// Every capability.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        family: Family::Keyvalue,
        name: "keyvalue",
        imports: &[
            hosted("wasi:keyvalue", "store", DRAFT),
            hosted("wasi:keyvalue", "atomics", DRAFT),
            hosted("wasi:keyvalue", "batch", DRAFT),
            compat("slight:keyvalue"),
        ],
        exports: &[],
        help: "a key-value store",
    },
    Capability {
        family: Family::Messaging,
        name: "messaging",
        imports: &[
            hosted("wasi:messaging", "types", DRAFT),
            hosted("wasi:messaging", "producer", DRAFT),
            hosted("wasi:messaging", "request-reply", DRAFT),
            hosted("slight:messaging", "consumer", OURS),
        ],
        exports: &[hosted("wasi:messaging", "incoming-handler", DRAFT)],
        help: "a message broker",
    },
    Capability {
        family: Family::DistributedLocking,
        name: "distributed_locking",
        imports: &[hosted("slight:locking", "locks", OURS)],
        exports: &[],
        help: "locks with a time to live and a fencing token",
    },
    Capability {
        family: Family::Sql,
        name: "sql",
        imports: &[
            hosted("slight:sql", "types", OURS),
            hosted("slight:sql", "database", OURS),
        ],
        exports: &[],
        help: "a relational database",
    },
    Capability {
        family: Family::Blobstore,
        name: "blobstore",
        imports: &[
            hosted("wasi:blobstore", "blobstore", DRAFT),
            hosted("wasi:blobstore", "container", DRAFT),
            hosted("wasi:blobstore", "types", DRAFT),
        ],
        exports: &[],
        help: "an object store",
    },
    Capability {
        family: Family::Configs,
        name: "configs",
        imports: &[
            hosted("wasi:config", "store", &["0.2.0-rc.1"]),
            hosted("slight:configs", "store", OURS),
        ],
        exports: &[],
        help: "configuration values",
    },
    Capability {
        family: Family::Http,
        name: "http",
        imports: &[],
        exports: &[hosted("wasi:http", "incoming-handler", WASI)],
        help: "an HTTP server",
    },
    Capability {
        family: Family::HttpClient,
        name: "http-client",
        imports: &[hosted("wasi:http", "outgoing-handler", WASI)],
        exports: &[],
        help: "an HTTP client",
    },
];

const fn key(name: &'static str, need: Need, help: &'static str, example: &'static str) -> Key {
    Key {
        name,
        need,
        secret: false,
        endpoint: false,
        form: Form::Text,
        help,
        example,
    }
}

const fn secret(key: Key) -> Key {
    Key { secret: true, ..key }
}

const fn endpoint(key: Key, form: Form) -> Key {
    Key {
        endpoint: true,
        form,
        ..key
    }
}

const REDIS_ADDRESS: Key = endpoint(
    key(
        "REDIS_ADDRESS",
        Need::Required,
        "where the Redis server is",
        "redis://127.0.0.1:6379",
    ),
    Form::RedisUrl,
);
const AZURE_STORAGE_ACCOUNT: Key = key(
    "AZURE_STORAGE_ACCOUNT",
    Need::Required,
    "the storage account",
    "myaccount",
);
const AZURE_STORAGE_KEY: Key = secret(key(
    "AZURE_STORAGE_KEY",
    Need::Required,
    "the key of the storage account",
    "${envvars.AZURE_STORAGE_KEY}",
));
const ETCD_ENDPOINT: Key = endpoint(
    key("ETCD_ENDPOINT", Need::Required, "where etcd is", "localhost:2379"),
    Form::Text,
);
const NATS: &[Key] = &[
    endpoint(
        key(
            "NATS_URL",
            Need::Or("NATS_CREDS"),
            "where NATS is",
            "nats://127.0.0.1:4222",
        ),
        Form::Url(&["nats", "tls"]),
    ),
    secret(key(
        "NATS_CREDS",
        Need::Or("NATS_URL"),
        "the text of a NATS credentials file",
        "${envvars.NATS_CREDS}",
    )),
];
const AWS: &[Key] = &[
    key(
        "AWS_ACCESS_KEY_ID",
        Need::Required,
        "the id of the access key",
        "${envvars.AWS_ACCESS_KEY_ID}",
    ),
    secret(key(
        "AWS_SECRET_ACCESS_KEY",
        Need::Required,
        "the access key",
        "${envvars.AWS_SECRET_ACCESS_KEY}",
    )),
    key(
        "AWS_REGION",
        Need::Or("AWS_DEFAULT_REGION"),
        "the region",
        "eu-central-1",
    ),
    key(
        "AWS_DEFAULT_REGION",
        Need::Or("AWS_REGION"),
        "the region",
        "eu-central-1",
    ),
    endpoint(
        key(
            "AWS_ENDPOINT_URL",
            Need::Optional,
            "a service elsewhere than at AWS",
            "http://127.0.0.1:4566",
        ),
        Form::Url(&["http", "https"]),
    ),
];
const KAFKA: &[Key] = &[
    endpoint(
        key(
            "CAK_ENDPOINT",
            Need::Required,
            "the first brokers to ask",
            "localhost:9092",
        ),
        Form::Text,
    ),
    key(
        "CAK_SECURITY_PROTOCOL",
        Need::Optional,
        "the security protocol",
        "SASL_SSL",
    ),
    key("CAK_SASL_MECHANISMS", Need::Optional, "the SASL mechanism", "PLAIN"),
    key(
        "CAK_SASL_USERNAME",
        Need::Optional,
        "the SASL user",
        "${envvars.CAK_SASL_USERNAME}",
    ),
    secret(key(
        "CAK_SASL_PASSWORD",
        Need::Optional,
        "the SASL password",
        "${envvars.CAK_SASL_PASSWORD}",
    )),
    key("CAK_GROUP_ID", Need::Optional, "the consumer group", "orders"),
];
const COMPONENT: &[Key] = &[key(
    "COMPONENT",
    Need::Required,
    "the provider component: a path or an OCI reference",
    "cache.wasm",
)];

/// A row without keys, service or other names, that is planned; the rows below say what differs.
const PLANNED: Resource = Resource {
    id: "",
    also: &[],
    old: &[],
    family: Family::Keyvalue,
    service: None,
    keys: &[],
    legacy: false,
    maturity: Maturity::Planned,
    help: "",
};

/// Every resource.
pub const RESOURCES: &[Resource] = &[
    Resource {
        id: "keyvalue.filesystem",
        old: &["kv.filesystem"],
        keys: &[key("path", Need::Optional, "the folder", "data")],
        help: "a folder, with a file per key",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.redis",
        old: &["kv.redis"],
        service: Some("redis"),
        keys: &[REDIS_ADDRESS],
        maturity: Maturity::Ready,
        help: "Redis, with the name as the prefix of the keys",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.azblob",
        old: &["kv.azblob"],
        service: Some("azblob"),
        keys: &[AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY],
        help: "Azure Blob, with the name as the container",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.awsdynamodb",
        old: &["kv.awsdynamodb"],
        service: Some("dynamodb"),
        keys: AWS,
        help: "DynamoDB, with the name as the table",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.dapr",
        service: Some("dapr"),
        keys: &[endpoint(
            key(
                "DAPR_ADDRESS",
                Need::Required,
                "where the Dapr sidecar is",
                "http://127.0.0.1:3500",
            ),
            Form::Url(&["http", "https"]),
        )],
        help: "a Dapr sidecar",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.etcd",
        service: Some("etcd"),
        keys: &[ETCD_ENDPOINT],
        help: "etcd, with the name as the prefix of the keys",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.nats",
        service: Some("nats"),
        keys: NATS,
        help: "NATS JetStream, with the name as the bucket",
        ..PLANNED
    },
    Resource {
        id: "keyvalue.component",
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "messaging.filesystem",
        old: &["mq.filesystem"],
        family: Family::Messaging,
        help: "a folder",
        ..PLANNED
    },
    Resource {
        id: "messaging.azsbus",
        old: &["mq.azsbus"],
        family: Family::Messaging,
        service: Some("azsbus"),
        keys: &[
            key(
                "AZURE_SERVICE_BUS_NAMESPACE",
                Need::Required,
                "the namespace",
                "mynamespace",
            ),
            key(
                "AZURE_POLICY_NAME",
                Need::Required,
                "the shared access policy",
                "RootManageSharedAccessKey",
            ),
            secret(key(
                "AZURE_POLICY_KEY",
                Need::Required,
                "the key of the policy",
                "${envvars.AZURE_POLICY_KEY}",
            )),
        ],
        help: "Azure Service Bus",
        ..PLANNED
    },
    Resource {
        id: "messaging.confluent_apache_kafka",
        also: &["messaging.kafka"],
        old: &["pubsub.confluent_apache_kafka"],
        family: Family::Messaging,
        service: Some("kafka"),
        keys: KAFKA,
        help: "Apache Kafka",
        ..PLANNED
    },
    Resource {
        id: "messaging.mosquitto",
        also: &["messaging.mqtt"],
        old: &["pubsub.mosquitto"],
        family: Family::Messaging,
        service: Some("mqtt"),
        keys: &[
            endpoint(
                key(
                    "MOSQUITTO_HOST",
                    Need::Required,
                    "where the MQTT broker is",
                    "127.0.0.1",
                ),
                Form::Text,
            ),
            endpoint(
                key("MOSQUITTO_PORT", Need::Required, "its port, in quotes", "1883"),
                Form::Port,
            ),
        ],
        help: "an MQTT broker",
        ..PLANNED
    },
    Resource {
        id: "messaging.nats",
        family: Family::Messaging,
        service: Some("nats"),
        keys: NATS,
        help: "NATS",
        ..PLANNED
    },
    Resource {
        id: "messaging.awssqs",
        family: Family::Messaging,
        service: Some("sqs"),
        keys: AWS,
        help: "Amazon SQS",
        ..PLANNED
    },
    Resource {
        id: "messaging.component",
        family: Family::Messaging,
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "distributed_locking.etcd",
        old: &["lockd.etcd"],
        family: Family::DistributedLocking,
        service: Some("etcd"),
        keys: &[ETCD_ENDPOINT],
        help: "locks in etcd",
        ..PLANNED
    },
    Resource {
        id: "distributed_locking.redis",
        family: Family::DistributedLocking,
        service: Some("redis"),
        keys: &[REDIS_ADDRESS],
        help: "locks in Redis",
        ..PLANNED
    },
    Resource {
        id: "distributed_locking.component",
        family: Family::DistributedLocking,
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "sql.postgres",
        family: Family::Sql,
        service: Some("postgres"),
        keys: &[endpoint(
            secret(key(
                "POSTGRES_CONNECTION_URL",
                Need::Required,
                "where PostgreSQL is, and how to log in",
                "${envvars.POSTGRES_CONNECTION_URL}",
            )),
            Form::Url(&["postgres", "postgresql"]),
        )],
        help: "PostgreSQL",
        ..PLANNED
    },
    Resource {
        id: "sql.sqlite",
        family: Family::Sql,
        keys: &[key("SQLITE_PATH", Need::Required, "the database file", "orders.db")],
        help: "a SQLite file",
        ..PLANNED
    },
    Resource {
        id: "sql.component",
        family: Family::Sql,
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "blobstore.aws_s3",
        family: Family::Blobstore,
        service: Some("s3"),
        keys: AWS,
        help: "Amazon S3, with the name as the bucket",
        ..PLANNED
    },
    Resource {
        id: "blobstore.azblob",
        family: Family::Blobstore,
        service: Some("azblob"),
        keys: &[AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY],
        help: "Azure Blob, with the name as the container",
        ..PLANNED
    },
    Resource {
        id: "blobstore.filesystem",
        family: Family::Blobstore,
        help: "a folder",
        ..PLANNED
    },
    Resource {
        id: "blobstore.component",
        family: Family::Blobstore,
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "configs.envvars",
        family: Family::Configs,
        help: "the environment",
        ..PLANNED
    },
    Resource {
        id: "configs.usersecrets",
        family: Family::Configs,
        help: "the user-secrets store",
        ..PLANNED
    },
    Resource {
        id: "configs.file",
        family: Family::Configs,
        keys: &[key(
            "CONFIG_PATH",
            Need::Required,
            "a TOML, JSON or dotenv file",
            "config.toml",
        )],
        help: "a file",
        ..PLANNED
    },
    Resource {
        id: "configs.azapp",
        family: Family::Configs,
        service: Some("azapp"),
        help: "Azure App Configuration; its endpoint and keys come from the environment",
        ..PLANNED
    },
    Resource {
        id: "configs.local",
        family: Family::Configs,
        legacy: true,
        help: "literal values, as slight has them before 1.0",
        ..PLANNED
    },
    Resource {
        id: "configs.component",
        family: Family::Configs,
        keys: COMPONENT,
        help: "a component that exports the interface",
        ..PLANNED
    },
    Resource {
        id: "http",
        family: Family::Http,
        maturity: Maturity::Ready,
        help: "an HTTP server: the component exports `wasi:http/incoming-handler`",
        ..PLANNED
    },
    Resource {
        id: "http-client",
        family: Family::HttpClient,
        maturity: Maturity::Ready,
        help: "an HTTP client: calls go to the hosts in `[outbound]`",
        ..PLANNED
    },
];

/// What a table like this one looks like to whoever is handed it.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    /// Every capability.
    pub capabilities: &'static [Capability],
    /// Every resource.
    pub resources: &'static [Resource],
}

/// The catalogue of this slt.
pub const CATALOGUE: Catalogue = Catalogue {
    capabilities: CAPABILITIES,
    resources: RESOURCES,
};

impl Catalogue {
    /// The resource with this id, whichever of its names it is.
    #[must_use]
    pub fn resource(&self, id: &str) -> Option<&'static Resource> {
        self.resources
            .iter()
            .find(|resource| resource.id == id || resource.also.contains(&id) || resource.old.contains(&id))
    }

    /// The capability of a family.
    #[must_use]
    pub fn capability(&self, family: Family) -> Option<&'static Capability> {
        self.capabilities.iter().find(|capability| capability.family == family)
    }

    /// Every id that a slightfile of today may have.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.resources
            .iter()
            .filter(|resource| !resource.legacy)
            .flat_map(|resource| std::iter::once(resource.id).chain(resource.also.iter().copied()))
    }

    /// The resources of a family that run today.
    pub fn ready(&self, family: Family) -> impl Iterator<Item = &'static Resource> {
        self.resources
            .iter()
            .filter(move |resource| resource.family == family && resource.maturity == Maturity::Ready)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let mut seen = BTreeSet::new();
        for resource in RESOURCES {
            for id in [&[resource.id], resource.also, resource.old].concat() {
                assert!(seen.insert(id), "`{id}` twice");
            }
        }
    }

    #[test]
    fn every_resource_belongs_to_its_capability() {
        for resource in RESOURCES {
            let capability = CATALOGUE.capability(resource.family).unwrap();
            let prefix = resource.id.split('.').next().unwrap();
            assert_eq!(prefix, capability.name, "{}", resource.id);
            assert!(!resource.help.is_empty(), "{}", resource.id);
        }
    }

    #[test]
    fn alternatives_name_each_other() {
        for resource in RESOURCES {
            for key in resource.keys {
                let Need::Or(other) = key.need else { continue };
                let other = resource.keys.iter().find(|candidate| candidate.name == other).unwrap();
                assert_eq!(other.need, Need::Or(key.name));
            }
        }
    }

    #[test]
    fn a_secret_is_shown_as_a_reference() {
        for key in RESOURCES.iter().flat_map(|resource| resource.keys) {
            assert!(!key.secret || key.example.starts_with("${"), "{}", key.name);
        }
    }
}
