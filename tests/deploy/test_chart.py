"""The chart gives what Kubernetes accepts, and no pod more than it needs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import kubernetes_validate
import pytest

from shared.contracts.subjects import OPERATIONS, SERVICES
from tests.deploy.chart import RELEASE, Manifest, of_kind, pods, render
from tests.deploy.configurations import check_all

KUBERNETES = ("1.27", "1.33")
OPERATORS = ("keda.sh/", "monitoring.coreos.com/")  # their kinds are not Kubernetes' own
EVERYTHING = (
    "prometheus.server=http://prometheus:9090",
    "prometheus.serviceMonitor=true",
    "prometheus.rules=true",
    "delivery.scaling.enabled=true",
    "backup.enabled=true",
    "backup.restore.enabled=true",
    *(f"fronts.{front}.scaling.enabled=true" for front in ("smtp", "imap", "pop3", "managesieve")),
)
WITHOUT_OPERATORS = (
    "delivery.scaling.enabled=true",
    *(f"fronts.{front}.scaling.enabled=true" for front in ("smtp", "imap", "pop3", "managesieve")),
)
# What answers with a ticket for the data port.
TICKETS = ("blobs.upload", "messages.bodies", "sieve.letters", "backup.begin")
COPYING = ("backup.enabled=true", "backup.restore.enabled=true", "backup.restore.snapshot=01ABC")
ON_SERVERS = (  # of a database and of objects
    "storage.replicas=3",
    "storage.database.secret=mail-database",
    "storage.objects.url=s3://mail/bodies",
    "storage.objects.endpoint=http://objects:8333",
    "storage.objects.key=eilpost",
    "storage.objects.secret=mail-objects",
    "storage.objects.port=8333",
    "storage.objects.peers[0].podSelector.matchLabels.app=objects",
)
BUS_TLS = ("bus.tls.secret=mail-bus-tls",)
OWN_BROKERS = ("bus.enabled=false", "bus.url={wss://one.example,wss://two.example}")


@pytest.mark.parametrize("settings", [(), EVERYTHING, WITHOUT_OPERATORS, OWN_BROKERS, BUS_TLS, ON_SERVERS])
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_fits_its_schema(settings: tuple[str, ...], version: str) -> None:
    manifests = render(*settings)
    own = [each for each in manifests if not each["apiVersion"].startswith(OPERATORS)]
    assert len(own) > 15
    for manifest in own:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("settings", [COPYING, ON_SERVERS])
def test_case_72_every_pod_is_without_power(settings: tuple[str, ...]) -> None:
    for name, pod in pods(render(*settings)).items():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert all(port["containerPort"] >= 1024 for port in container.get("ports", ()))


def test_every_pod_sees_its_own_password_alone() -> None:
    accounts = {"bus": "server", "restore-1": "admin"}
    for name, pod in pods(render(*COPYING)).items():
        secrets = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        bus = {secret for secret in secrets if "-bus-" in secret}
        assert bus == {f"{RELEASE}-bus-{accounts.get(name, name)}"}


def test_a_pod_has_time_to_drain() -> None:
    drain = {"delay": 20, "timeout": 300, "grace": 5}
    for name, pod in pods(render(*(f"drain.{key}={value}" for key, value in drain.items()))).items():
        if name not in ("bus", "admin"):
            assert pod["terminationGracePeriodSeconds"] > sum(drain.values())


def test_storage_is_one_and_the_others_are_many() -> None:
    manifests = render("fronts.imap.replicas=7")
    assert of_kind(manifests, "StatefulSet")["storage"]["spec"]["replicas"] == 1
    assert of_kind(manifests, "Deployment")["imap"]["spec"]["replicas"] == 7


def test_storage_may_be_many_where_others_keep_its_data() -> None:
    manifests = render(*ON_SERVERS)
    storage = of_kind(manifests, "Deployment")["storage"]["spec"]
    assert "storage" not in of_kind(manifests, "StatefulSet")
    assert storage["replicas"] == 3
    pod = storage["template"]["spec"]
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    assert (secrets["database"], secrets["objects"]) == ("mail-database", "mail-objects")
    (variable,) = [each for each in pod["containers"][0]["env"] if each["name"].endswith("DATABASE_FILE")]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert variable["value"] == f"{mounts['database']}/url"


@pytest.mark.parametrize("settings", [("storage.replicas=2",), ("storage.database.secret=mail-database",)])
def test_storage_is_not_made_many_over_data_of_one(settings: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match=r"storage\."):
        render(*settings)


def test_an_autoscaled_service_has_no_count_of_its_own() -> None:
    for settings, kind in ((WITHOUT_OPERATORS, "HorizontalPodAutoscaler"), (EVERYTHING, "ScaledObject")):
        manifests = render(*settings)
        deployments = of_kind(manifests, "Deployment")
        scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(manifests, kind).values()}
        assert scaled == {f"{RELEASE}-{name}" for name in ("smtp", "imap", "pop3", "managesieve", "delivery")}
        for name in scaled:
            assert "replicas" not in deployments[name.removeprefix(f"{RELEASE}-")]["spec"]
    assert of_kind(render(), "Deployment")["delivery"]["spec"]["replicas"] == 1


def test_each_service_grows_by_what_loads_it() -> None:
    triggers = {
        name: [each["metadata"].get("query", each["type"]) for each in scaled["spec"]["triggers"]]
        for name, scaled in of_kind(render(*EVERYTHING), "ScaledObject").items()
    }
    for front in ("smtp", "imap", "pop3"):
        assert "cpu" in triggers[front]
        assert any(f'eilpost_connections{{service="{front}"' in query for query in triggers[front])
    assert [query.partition("{")[0] for query in triggers["delivery"]] == [
        "max(eilpost_queue_messages",
        "max(eilpost_queue_oldest_seconds",
    ]


def test_no_service_is_disrupted_whole() -> None:
    manifests = render(*ON_SERVERS)
    guarded = of_kind(manifests, "PodDisruptionBudget")
    many = set(of_kind(manifests, "Deployment")) | set(of_kind(manifests, "StatefulSet"))
    assert set(guarded) == many - {"admin"}
    for name, pod in pods(manifests).items():
        (spread,) = pod["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
        assert spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == name


def test_a_schema_is_migrated_before_anything_of_a_release_starts() -> None:
    assert "migration" not in pods(render())
    manifests = render(*ON_SERVERS)
    assert of_kind(manifests, "Job")["migration"]["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    pod = pods(manifests)["migration"]
    (container,) = pod["containers"]
    assert container["args"] == ["migrate"]
    assert {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume} == {"mail-database"}


def test_metrics_are_fetched_from_every_service() -> None:
    manifests = render("prometheus.serviceMonitor=true")
    (endpoint,) = of_kind(manifests, "ServiceMonitor")[RELEASE]["spec"]["endpoints"]
    assert endpoint["honorLabels"], "a label of ours would give way to one of Kubernetes'"
    chosen = of_kind(manifests, "Service")["metrics"]["spec"]["selector"]
    fetched = of_kind(manifests, "ServiceMonitor")[RELEASE]["spec"]["selector"]["matchLabels"]
    assert fetched.items() <= of_kind(manifests, "Service")["metrics"]["metadata"]["labels"].items()
    workloads = {**of_kind(manifests, "Deployment"), **of_kind(manifests, "StatefulSet")}
    for name in set(workloads) - {"admin", "bus"}:
        template = workloads[name]["spec"]["template"]
        assert chosen.items() <= template["metadata"]["labels"].items()
        assert {"name": "health", "containerPort": 8080} in template["spec"]["containers"][0]["ports"]


def test_backups_are_taken_unless_one_is_put_back() -> None:
    assert "backup" not in pods(render())
    manifests = render("backup.enabled=true", "backup.keep=3", "backup.schedule=@daily")
    job = of_kind(manifests, "CronJob")["backup"]["spec"]
    assert (job["schedule"], job["suspend"], job["concurrencyPolicy"]) == ("@daily", False, "Forbid")
    assert pods(manifests)["backup"]["containers"][0]["args"] == ["backup", "/backup", "--keep", "3"]
    assert "backup" in of_kind(manifests, "PersistentVolumeClaim")
    manifests = render(*COPYING, "backup.claim=mine")
    assert of_kind(manifests, "CronJob")["backup"]["spec"]["suspend"] is True
    restoring = pods(manifests)["restore-1"]
    assert restoring["containers"][0]["args"] == ["restore", "/backup", "--snapshot", "01ABC"]
    assert {"name": "backup", "persistentVolumeClaim": {"claimName": "mine"}} in restoring["volumes"]
    assert "backup" not in of_kind(manifests, "PersistentVolumeClaim")


def test_the_bus_is_known_by_its_certificate(tmp_path: Path) -> None:
    manifests = render(*BUS_TLS)
    text = of_kind(manifests, "ConfigMap")["configuration"]["data"]["eilpost.toml"]
    settings = tomllib.loads(text)["bus"]
    assert settings["url"] == [f"wss://{RELEASE}-bus-{number}.{RELEASE}-bus:8222" for number in range(3)]
    check_all(text, tmp_path)
    for name, pod in pods(manifests).items():
        volumes = {volume["name"]: volume.get("secret", {}) for volume in pod["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert settings["authority"] == f"{mounts['bus-tls']}/ca.crt"
        shown = {item["key"] for item in volumes["bus-tls"].get("items", ())}
        assert shown == (set() if name == "bus" else {"ca.crt"}), "only brokers see the key"


# --- who may talk to whom ---


def _may_reach(policies: dict[str, Manifest], source: str, target: str, port: str) -> bool:
    """Both ends must agree: egress at the source, ingress at the target."""
    leaves = any(
        _names(rule, port) and any(_component(peer) == target for peer in rule.get("to", ()))
        for rule in policies[source]["spec"]["egress"]
    )
    enters = any(
        _names(rule, port) and any(_component(peer) == source for peer in rule.get("from", ()))
        for rule in policies[target]["spec"]["ingress"]
    )
    return leaves and enters


def _names(rule: Manifest, port: str | int) -> bool:
    return any(entry["port"] == port for entry in rule.get("ports", ()))


def _component(peer: Manifest) -> str | None:
    labels = peer.get("podSelector", {}).get("matchLabels", {})
    component: str | None = labels.get("app.kubernetes.io/component")
    return component


def test_the_network_lets_through_what_the_contracts_name() -> None:
    policies = of_kind(render(*COPYING), "NetworkPolicy")
    deployed = set(policies) - {"bus"}
    assert deployed <= SERVICES
    for service in deployed:
        assert _may_reach(policies, service, "bus", "websocket")
    bodies = set().union(*(OPERATIONS[name].callers for name in TICKETS)) & deployed
    reaching = {service for service in deployed if _may_reach(policies, service, "storage", "data")}
    assert reaching == bodies
    assert not any(_may_reach(policies, "storage", service, "data") for service in deployed)


def test_only_storage_reaches_database_and_objects() -> None:
    policies = of_kind(render(*ON_SERVERS), "NetworkPolicy")
    rules = [(name, rule) for name, each in policies.items() for rule in each["spec"]["egress"]]
    objects = [{"podSelector": {"matchLabels": {"app": "objects"}}}]
    for port, peers, who in ((5432, None, {"storage", "migration"}), (8333, objects, {"storage"})):
        ways = {name: rule for name, rule in rules if _names(rule, port)}
        assert set(ways) == who
        assert ways["storage"].get("to") == peers
    assert not any(_names(rule, 5432) for rule in of_kind(render(), "NetworkPolicy")["storage"]["spec"]["egress"])


def test_only_fronts_are_open_to_the_world() -> None:
    policies = of_kind(render(), "NetworkPolicy")
    open_to_all = {
        name: {entry["port"] for rule in policy["spec"]["ingress"] if "from" not in rule for entry in rule["ports"]}
        for name, policy in policies.items()
    }
    assert {name for name, ports in open_to_all.items() if ports} == {"smtp", "imap", "pop3", "managesieve"}
    assert open_to_all["imap"] == {"imap", "imaps"}


# --- what the services read ---


def test_storage_takes_the_settings_of_its_objects(tmp_path: Path) -> None:
    text = of_kind(render(*ON_SERVERS), "ConfigMap")["configuration"]["data"]["eilpost.toml"]
    settings = tomllib.loads(text)["storage"]
    assert settings["blobs"] == "s3://mail/bodies"
    assert settings["objects"]["secret"] == "/etc/eilpost/objects/secret"
    check_all(text, tmp_path)


def test_services_take_the_rendered_configuration(tmp_path: Path) -> None:
    text = of_kind(render("settings.imap.separator=."), "ConfigMap")["configuration"]["data"]["eilpost.toml"]
    assert tomllib.loads(text)["imap"]["separator"] == "."
    found = check_all(text, tmp_path)
    deployments = of_kind(render(), "Deployment")
    for service in ("smtp", "imap", "pop3", "managesieve"):
        container = deployments[service]["spec"]["template"]["spec"]["containers"][0]
        exposed = {port["name"]: port["containerPort"] for port in container["ports"] if port["name"] != "health"}
        assert found[service] == exposed
