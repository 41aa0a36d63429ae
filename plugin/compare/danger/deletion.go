package danger

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// deletion looks at an object that goes.
func (l *list) deletion(c Change) {
	kind := c.kind()
	what, rule := loses(kind), "delete-stateful"
	switch {
	case kind == schema.GroupKind{Kind: "Namespace"}:
		rule, what = "delete-namespace", "everything in the namespace is deleted with it"
	case kind == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:
		rule, what = "delete-crd", "all objects of the kind are deleted with its definition, in every namespace"
	case object.IsGraphKind(schema.GroupVersionKind{Group: kind.Group, Kind: kind.Kind}):
		rule, what = "delete-graph", "kro deletes what it made of the Graph, also objects that Git renders now, unless the finalizer kro.run/graph-finalizer is removed before the Graph goes"
	case what == "" && c.Kind != nil && !c.Kind.Namespaced:
		l.leaving(c, diag.Warning, "delete-cluster-scoped", "the object is cluster-scoped: others in the cluster may depend on it")
		return
	case what == "":
		return
	}
	l.leaving(c, diag.Error, rule, what)
}

// leaving reports a deletion, unless the object says that it, or what it stands
// for, stays.
func (l *list) leaving(c Change, severity diag.Severity, rule, message string) {
	if why := c.keeps(); why != "" {
		severity, message = diag.Info, fmt.Sprintf("%s, so it is kept; it is no longer managed", why)
	}
	l.add(severity, rule, message, nil)
}

func (c Change) keeps() string {
	if c.ByKro {
		return keepsBehind(c.Before)
	}
	return Keeps(c.Before)
}

// Keeps says what keeps an object, or what it stands for, when it leaves Git.
func Keeps(obj map[string]any) string {
	annotation := func(name string) string { return text(obj, "metadata", "annotations", name) }
	switch {
	case syncOption(obj, "Prune=false"):
		return "Argo CD leaves the object in the cluster (Prune=false)"
	case annotation("helm.sh/resource-policy") == "keep":
		return "Argo CD leaves the object in the cluster (helm.sh/resource-policy: keep)"
	case annotation("kustomize.toolkit.fluxcd.io/prune") == "disabled":
		return "Flux leaves the object in the cluster (prune: disabled)"
	}
	return keepsBehind(obj)
}

// keepsBehind says what keeps that which an object stands for, whoever deletes the object.
func keepsBehind(obj map[string]any) string {
	annotation := func(name string) string { return text(obj, "metadata", "annotations", name) }
	switch {
	case text(obj, "spec", "deletionPolicy") == "Orphan":
		return "the deletionPolicy Orphan keeps the resource behind the object"
	case strings.EqualFold(annotation("services.k8s.aws/deletion-policy"), "retain"):
		return "the deletion-policy retain keeps the resource behind the object"
	case annotation("cnrm.cloud.google.com/deletion-policy") == "abandon":
		return "the deletion-policy abandon keeps the resource behind the object"
	case slices.Contains([]string{"detach-on-delete", "skip"}, annotation("serviceoperator.azure.com/reconcile-policy")):
		return "the reconcile-policy keeps the resource behind the object"
	}
	policies := items(obj, "spec", "managementPolicies")
	if len(policies) > 0 && !slices.Contains(policies, any("*")) && !slices.Contains(policies, any("Delete")) {
		return "the managementPolicies keep the resource behind the object"
	}
	return ""
}

// loses says which data goes with an object of a kind; "" when none does.
func loses(kind schema.GroupKind) string {
	switch kind {
	case schema.GroupKind{Kind: "PersistentVolumeClaim"}:
		return "the claim's volume and its data are deleted with it, unless the volume is retained"
	case schema.GroupKind{Kind: "PersistentVolume"}:
		return "the volume is deleted, and its data too unless it is retained"
	case schema.GroupKind{Group: "apps", Kind: "StatefulSet"}:
		return "its pods are deleted; their claims remain, unless persistentVolumeClaimRetentionPolicy deletes them"
	case schema.GroupKind{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshot"}, schema.GroupKind{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshotContent"}:
		return "the snapshot is deleted with it, unless its class retains it"
	}
	for _, s := range services {
		if !slices.Contains(strings.Fields(s.kinds), kind.Kind) {
			continue
		}
		for group := range strings.FieldsSeq(s.groups) {
			if matched, wildcard := strings.CutPrefix(group, "*"); group == kind.Group || wildcard && strings.HasSuffix(kind.Group, matched) {
				return s.what
			}
		}
	}
	return ""
}

// service is a group of kinds that stand for data outside of the object.
type service struct{ what, groups, kinds string }

const (
	database = "the database behind the object is deleted with it"
	storage  = "the storage behind the object is deleted with it"
	keys     = "the key behind the object is deleted, and the data that it encrypts can no longer be read"
	queue    = "the queue or stream behind the object is deleted with its messages"
)

// services are kinds of AWS Controllers for Kubernetes, Crossplane's providers,
// Config Connector, Azure Service Operator, and of operators of databases.
var services = []service{
	{database, "rds.services.k8s.aws docdb.services.k8s.aws documentdb.services.k8s.aws", "DBInstance DBCluster GlobalCluster"},
	{database, "dynamodb.services.k8s.aws keyspaces.services.k8s.aws", "Table GlobalTable Keyspace"},
	{database, "elasticache.services.k8s.aws memorydb.services.k8s.aws", "ReplicationGroup CacheCluster ServerlessCache Cluster Snapshot"},
	{database, "opensearchservice.services.k8s.aws prometheusservice.services.k8s.aws", "Domain Workspace"},
	{storage, "s3.services.k8s.aws efs.services.k8s.aws ecr.services.k8s.aws", "Bucket FileSystem Repository"},
	{keys, "kms.services.k8s.aws secretsmanager.services.k8s.aws", "Key Secret"},
	{queue, "sqs.services.k8s.aws kinesis.services.k8s.aws kafka.services.k8s.aws", "Queue Stream Cluster"},

	{
		database,
		"rds.aws.upbound.io rds.aws.m.upbound.io rds.aws.crossplane.io database.aws.crossplane.io docdb.aws.upbound.io docdb.aws.m.upbound.io neptune.aws.upbound.io neptune.aws.m.upbound.io",
		"Instance Cluster ClusterInstance GlobalCluster DBInstance DBCluster RDSInstance DynamoDBTable",
	},
	{database, "dynamodb.aws.upbound.io dynamodb.aws.m.upbound.io dynamodb.aws.crossplane.io", "Table GlobalTable"},
	{
		database, "elasticache.aws.upbound.io elasticache.aws.m.upbound.io cache.aws.crossplane.io memorydb.aws.upbound.io memorydb.aws.m.upbound.io",
		"Cluster ReplicationGroup ServerlessCache CacheCluster",
	},
	{
		storage, "s3.aws.upbound.io s3.aws.m.upbound.io s3.aws.crossplane.io efs.aws.upbound.io efs.aws.m.upbound.io efs.aws.crossplane.io ebs.aws.upbound.io ebs.aws.m.upbound.io",
		"Bucket FileSystem EBSVolume",
	},
	{keys, "kms.aws.upbound.io kms.aws.m.upbound.io kms.aws.crossplane.io", "Key"},
	{
		database, "sql.gcp.upbound.io sql.gcp.m.upbound.io database.gcp.crossplane.io alloydb.gcp.upbound.io alloydb.gcp.m.upbound.io spanner.gcp.upbound.io spanner.gcp.m.upbound.io redis.gcp.upbound.io redis.gcp.m.upbound.io bigtable.gcp.upbound.io bigtable.gcp.m.upbound.io firestore.gcp.upbound.io firestore.gcp.m.upbound.io bigquery.gcp.upbound.io bigquery.gcp.m.upbound.io",
		"DatabaseInstance Database CloudSQLInstance Cluster Instance Table Dataset",
	},
	{storage, "storage.gcp.upbound.io storage.gcp.m.upbound.io storage.gcp.crossplane.io filestore.gcp.upbound.io filestore.gcp.m.upbound.io", "Bucket Instance"},
	{
		database, "dbforpostgresql.azure.upbound.io dbforpostgresql.azure.m.upbound.io dbformysql.azure.upbound.io dbformysql.azure.m.upbound.io dbformariadb.azure.upbound.io sql.azure.upbound.io sql.azure.m.upbound.io cosmosdb.azure.upbound.io cosmosdb.azure.m.upbound.io cache.azure.upbound.io cache.azure.m.upbound.io",
		"FlexibleServer FlexibleServerDatabase FlexibleDatabase Server Database MSSQLServer MSSQLDatabase Account SQLDatabase MongoDatabase RedisCache",
	},
	{storage, "storage.azure.upbound.io storage.azure.m.upbound.io", "Account Container Share"},

	{
		database, "sql.cnrm.cloud.google.com spanner.cnrm.cloud.google.com bigtable.cnrm.cloud.google.com bigquery.cnrm.cloud.google.com redis.cnrm.cloud.google.com alloydb.cnrm.cloud.google.com firestore.cnrm.cloud.google.com memcache.cnrm.cloud.google.com",
		"SQLInstance SQLDatabase SpannerInstance SpannerDatabase BigtableInstance BigtableTable BigQueryDataset BigQueryTable RedisInstance AlloyDBCluster AlloyDBInstance FirestoreDatabase MemcacheInstance",
	},
	{storage, "storage.cnrm.cloud.google.com filestore.cnrm.cloud.google.com compute.cnrm.cloud.google.com artifactregistry.cnrm.cloud.google.com", "StorageBucket FilestoreInstance ComputeDisk ArtifactRegistryRepository"},
	{keys, "kms.cnrm.cloud.google.com secretmanager.cnrm.cloud.google.com", "KMSKeyRing KMSCryptoKey SecretManagerSecret"},
	{queue, "pubsub.cnrm.cloud.google.com", "PubSubTopic PubSubSubscription"},

	{
		database, "dbforpostgresql.azure.com dbformysql.azure.com dbformariadb.azure.com documentdb.azure.com sql.azure.com cache.azure.com kusto.azure.com",
		"FlexibleServer FlexibleServersDatabase Server Database ServersDatabase DatabaseAccount SqlDatabase SqlDatabaseContainer MongodbDatabase MongodbDatabaseCollection Redis RedisEnterprise Cluster",
	},
	{storage, "storage.azure.com compute.azure.com containerregistry.azure.com", "StorageAccount StorageAccountsBlobServicesContainer StorageAccountsFileServicesShare Disk Registry"},
	{keys, "keyvault.azure.com", "Vault"},
	{queue, "servicebus.azure.com eventhub.azure.com", "Namespace NamespacesQueue NamespacesTopic NamespacesEventhub"},

	{database, "postgresql.cnpg.io", "Cluster Database"},
	{database, "acid.zalan.do", "postgresql"},
	{database, "postgres-operator.crunchydata.com pgv2.percona.com", "PostgresCluster PerconaPGCluster"},
	{database, "mysql.oracle.com moco.cybozu.com pxc.percona.com ps.percona.com k8s.mariadb.com", "InnoDBCluster MySQLCluster PerconaXtraDBCluster PerconaServerMySQL MariaDB"},
	{database, "mongodbcommunity.mongodb.com psmdb.percona.com", "MongoDBCommunity PerconaServerMongoDB"},
	{database, "elasticsearch.k8s.elastic.co opensearch.opster.io", "Elasticsearch OpenSearchCluster"},
	{database, "k8ssandra.io cassandra.datastax.com scylla.scylladb.com clickhouse.altinity.com", "K8ssandraCluster CassandraDatacenter ScyllaCluster ClickHouseInstallation"},
	{queue, "kafka.strimzi.io rabbitmq.com", "Kafka KafkaTopic KafkaNodePool RabbitmqCluster Queue"},
	{storage, "minio.min.io ceph.rook.io longhorn.io objectbucket.io", "Tenant CephCluster CephBlockPool CephFilesystem CephObjectStore Volume ObjectBucketClaim"},
}
