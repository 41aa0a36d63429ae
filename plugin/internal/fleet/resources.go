package fleet

const header = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: RGD
spec:
  schema:
    apiVersion: v1alpha1
    kind: APP
    spec:
      image: string | required=true
      replicas: integer | default=2 minimum=1 maximum=50
      port: integer | default=PORT
      env: "map[string]string"
      labels: "map[string]string"
  resources:
`

// resources are the resources of the RGDs, by id.
var resources = map[string]string{
	"account": `  - id: account
    template:
      apiVersion: v1
      kind: ServiceAccount
      metadata:
        name: ${schema.metadata.name}
        labels: ${schema.spec.?labels.orValue({})}
`,
	"config": `  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${schema.metadata.name}-config
        labels: ${schema.spec.?labels.orValue({})}
      data: ${schema.spec.?env.orValue({})}
`,
	"deployment": `  - id: deployment
    readyWhen:
    - ${deployment.status.?availableReplicas.orValue(0) >= deployment.spec.replicas}
    template:
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: ${schema.metadata.name}
        labels: ${schema.spec.?labels.orValue({})}
      spec:
        replicas: ${schema.spec.replicas}
        selector:
          matchLabels:
            app: ${schema.metadata.name}
        template:
          metadata:
            labels:
              app: ${schema.metadata.name}
          spec:
            serviceAccountName: ${account.metadata.name}
            containers:
            - name: app
              image: ${schema.spec.image}
              ports:
              - name: http
                containerPort: ${schema.spec.port}
              envFrom:
              - configMapRef:
                  name: ${config.metadata.name}
`,
	"service": `  - id: service
    template:
      apiVersion: v1
      kind: Service
      metadata:
        name: ${deployment.metadata.name}
      spec:
        selector: ${deployment.spec.selector.matchLabels}
        ports:
        - port: 80
          targetPort: ${schema.spec.port}
`,
	"autoscaler": `  - id: autoscaler
    template:
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata:
        name: ${deployment.metadata.name}
      spec:
        scaleTargetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: ${deployment.metadata.name}
        minReplicas: ${schema.spec.replicas}
        maxReplicas: ${schema.spec.replicas * 4}
`,
	"budget": `  - id: budget
    includeWhen:
    - ${schema.spec.replicas > 0}
    template:
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata:
        name: ${deployment.metadata.name}
      spec:
        minAvailable: 1
        selector:
          matchLabels:
            app: ${schema.metadata.name}
`,
	"policy": `  - id: policy
    template:
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: ${deployment.metadata.name}
      spec:
        podSelector:
          matchLabels:
            app: ${schema.metadata.name}
        policyTypes: [Ingress]
        ingress:
        - ports:
          - port: ${schema.spec.port}
`,
	"role": `  - id: role
    template:
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata:
        name: ${schema.metadata.name}
      rules:
      - apiGroups: [""]
        resources: [configmaps]
        resourceNames: ["${config.metadata.name}"]
        verbs: [get, watch]
`,
	"binding": `  - id: binding
    template:
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: ${role.metadata.name}
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: Role
        name: ${role.metadata.name}
      subjects:
      - kind: ServiceAccount
        name: ${account.metadata.name}
`,
	"ingress": `  - id: ingress
    template:
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        name: ${service.metadata.name}
      spec:
        rules:
        - host: ${schema.metadata.name + ".example.com"}
          http:
            paths:
            - path: /
              pathType: Prefix
              backend:
                service:
                  name: ${service.metadata.name}
                  port:
                    number: 80
`,
	"inner": `  - id: inner
    template:
      apiVersion: kro.run/v1alpha1
      kind: INNER
      metadata:
        name: ${schema.metadata.name}-inner
      spec:
        image: ${schema.spec.image}
        replicas: ${schema.spec.replicas}
        env: ${schema.spec.?env.orValue({})}
`,
}
