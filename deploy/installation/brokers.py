"""The settings of the three brokers: everything by TLS, and nobody unnamed."""

from collections.abc import Mapping

BROKERS = ("kafka-1", "kafka-2", "kafka-3")
PORT, CONTROLLER_PORT = 9092, 9093
BETWEEN_USER, SERVICES_USER = "broker", "guanjia"
FOLDER = "/etc/kafka/secrets"


def write_broker_settings(
    name: str,
    *,
    between: str,
    services: str,
    folder: str = FOLDER,
    addresses: Mapping[str, tuple[str, int, int]] | None = None,
    log_dir: str = "/var/lib/kafka/data",
) -> str:
    """between, services: the password of the brokers among themselves, and that of the services.

    addresses: host, port and controller's port of each broker, where they are not the usual ones.
    """
    places = addresses or {each: (each, PORT, CONTROLLER_PORT) for each in BROKERS}
    host, port, controller_port = places[name]
    numbers = {each: number for number, each in enumerate(places, start=1)}
    voters = ",".join(f"{numbers[each]}@{h}:{c}" for each, (h, _, c) in places.items())
    copies = len(places)
    listen = "0.0.0.0" if addresses is None else host  # noqa: S104 - the container's own network
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": numbers[name],
        "controller.quorum.voters": voters,
        "listeners": f"SASL_SSL://{listen}:{port},CONTROLLER://{listen}:{controller_port}",
        "advertised.listeners": f"SASL_SSL://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "SASL_SSL",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SASL_SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        # Who publishes from outside comes by SCRAM: he is made, changed and ended while they run.
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": _name_users(between, services),
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "listener.name.controller.plain.sasl.jaas.config": _name_users(between, services),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": f"{folder}/{name}.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": f"{folder}/ca.pem",
        # Rights: who publishes from outside gets his by `kafka-acls` (docs/runbooks/install.md).
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BETWEEN_USER};User:{SERVICES_USER}",
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "log.dirs": log_dir,
        "default.replication.factor": copies,
        # One of three may be lost without a word of the services being lost or refused.
        "min.insync.replicas": max(1, copies - 1),
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": max(1, copies - 1),
        "unclean.leader.election.enable": "false",
        "message.max.bytes": 4_200_000,
        "replica.fetch.max.bytes": 4_200_000,
        "group.initial.rebalance.delay.ms": 0,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def write_client_settings(user: str, password: str, *, folder: str = FOLDER) -> str:
    """For Kafka's own tools, in a broker's container: `--command-config`."""
    settings = {
        "security.protocol": "SASL_SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": f"{folder}/ca.pem",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="{user}" password="{password}";'
        ),
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _name_users(between: str, services: str) -> str:
    return (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{BETWEEN_USER}" password="{between}" '
        f'user_{BETWEEN_USER}="{between}" user_{SERVICES_USER}="{services}";'
    )
