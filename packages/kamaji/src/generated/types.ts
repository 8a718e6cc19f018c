// Written by `npm run generate` from crds/*.json. Do not edit.

export type TenantControlPlaneSpec = {
  addons?: {
    coreDNS?: {
      imageRepository?: string
      imageTag?: string
    }
    konnectivity?: {
      agent?: {
        extraArgs?: string[]
        hostNetwork?: boolean
        image?: string
        mode?: 'DaemonSet' | 'Deployment'
        replicas?: number
        tolerations?: {
          effect?: string
          key?: string
          operator?: string
          tolerationSeconds?: number
          value?: string
        }[]
        version?: string
      }
      server?: {
        extraArgs?: string[]
        image?: string
        port: number
        resources?: Record<string, unknown>
        securityContext?: Record<string, unknown>
        version?: string
      }
    }
    kubeProxy?: {
      imageRepository?: string
      imageTag?: string
    }
  }
  controlPlane: {
    deployment?: {
      additionalContainers?: Record<string, unknown>[]
      additionalInitContainers?: Record<string, unknown>[]
      additionalMetadata?: {
        annotations?: Record<string, string>
        labels?: Record<string, string>
      }
      additionalVolumeMounts?: Record<string, unknown>
      additionalVolumes?: Record<string, unknown>[]
      affinity?: Record<string, unknown>
      automountServiceAccountToken?: boolean
      containerSecurityContexts?: Record<string, unknown>
      extraArgs?: {
        apiServer?: string[]
        controllerManager?: string[]
        kine?: string[]
        scheduler?: string[]
      }
      nodeSelector?: Record<string, string>
      podAdditionalMetadata?: {
        annotations?: Record<string, string>
        labels?: Record<string, string>
      }
      podSecurityContext?: Record<string, unknown>
      probes?: Record<string, unknown>
      registrySettings?: {
        apiServerImage?: string
        controllerManagerImage?: string
        registry?: string
        schedulerImage?: string
        tagSuffix?: string
      }
      replicas?: number
      resources?: Record<string, unknown>
      runtimeClassName?: string
      serviceAccountName?: string
      strategy?: Record<string, unknown>
      tolerations?: {
        effect?: string
        key?: string
        operator?: string
        tolerationSeconds?: number
        value?: string
      }[]
      topologySpreadConstraints?: Record<string, unknown>[]
    }
    gateway?: {
      additionalMetadata?: {
        annotations?: Record<string, string>
        labels?: Record<string, string>
      }
      hostname?: string
      parentRefs?: {
        group?: string
        kind?: string
        name: string
        namespace?: string
        port?: number
        sectionName?: string
      }[]
    }
    ingress?: {
      additionalMetadata?: {
        annotations?: Record<string, string>
        labels?: Record<string, string>
      }
      hostname?: string
      ingressClassName?: string
    }
    service: {
      additionalMetadata?: {
        annotations?: Record<string, string>
        labels?: Record<string, string>
      }
      additionalPorts?: {
        appProtocol?: string
        name: string
        port: number
        protocol?: 'TCP' | 'UDP' | 'SCTP'
        targetPort: number | string
      }[]
      allocateLoadBalancerNodePorts?: boolean
      serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer'
    }
  }
  dataStore?: string
  dataStoreOverrides?: {
    dataStore?: string
    resource?: string
  }[]
  dataStoreSchema?: string
  dataStoreUsername?: string
  kubernetes: {
    admissionControllers?: ('AlwaysAdmit' | 'AlwaysDeny' | 'AlwaysPullImages' | 'CertificateApproval' | 'CertificateSigning' | 'CertificateSubjectRestriction' | 'DefaultIngressClass' | 'DefaultStorageClass' | 'DefaultTolerationSeconds' | 'DenyEscalatingExec' | 'DenyExecOnPrivileged' | 'DenyServiceExternalIPs' | 'EventRateLimit' | 'ExtendedResourceToleration' | 'ImagePolicyWebhook' | 'LimitPodHardAntiAffinityTopology' | 'LimitRanger' | 'MutatingAdmissionWebhook' | 'NamespaceAutoProvision' | 'NamespaceExists' | 'NamespaceLifecycle' | 'NodeRestriction' | 'OwnerReferencesPermissionEnforcement' | 'PersistentVolumeClaimResize' | 'PersistentVolumeLabel' | 'PodNodeSelector' | 'PodSecurity' | 'PodSecurityPolicy' | 'PodTolerationRestriction' | 'Priority' | 'ResourceQuota' | 'RuntimeClass' | 'SecurityContextDeny' | 'ServiceAccount' | 'StorageObjectInUseProtection' | 'TaintNodesByCondition' | 'ValidatingAdmissionWebhook')[]
    kubelet: {
      cgroupfs?: 'systemd' | 'cgroupfs'
      configurationJSONPatches?: {
        from?: string
        op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
        path: string
        value?: unknown
      }[]
      preferredAddressTypes?: ('Hostname' | 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'ExternalDNS')[]
    }
    version: string
  }
  networkProfile?: {
    address?: string
    advertiseAddress?: string
    allowAddressAsExternalIP?: boolean
    certSANs?: string[]
    clusterDomain?: string
    dnsServiceIPs?: string[]
    loadBalancerClass?: string
    loadBalancerSourceRanges?: string[]
    podCidr?: string
    podCidrs?: string[]
    port?: number
    serviceCidr?: string
    serviceCidrs?: string[]
  }
  writePermissions?: {
    blockCreation?: boolean
    blockDeletion?: boolean
    blockUpdate?: boolean
  }
}

export type TenantControlPlaneStatus = {
  addons?: {
    coreDNS?: {
      enabled: boolean
      lastUpdate?: string
    }
    konnectivity?: {
      agent?: {
        lastUpdate?: string
        mode?: string
        name?: string
        namespace?: string
      }
      certificate?: {
        checksum?: string
        lastUpdate?: string
        secretName?: string
      }
      clusterrolebinding?: {
        lastUpdate?: string
        name?: string
        namespace?: string
      }
      configMap?: {
        checksum?: string
        name?: string
      }
      enabled: boolean
      gateway?: {
        accessPoints?: {
          port: number
          type: string
          urls?: string[]
          value: string
        }[]
        parents: {
          conditions: {
            lastTransitionTime: string
            message: string
            observedGeneration?: number
            reason: string
            status: 'True' | 'False' | 'Unknown'
            type: string
          }[]
          controllerName: string
          parentRef: {
            group?: string
            kind?: string
            name: string
            namespace?: string
            port?: number
            sectionName?: string
          }
        }[]
        routeRef?: {
          name?: string
        }
      }
      kubeconfig?: {
        checksum?: string
        lastUpdate?: string
        secretName?: string
      }
      sa?: {
        lastUpdate?: string
        name?: string
        namespace?: string
      }
      service?: {
        conditions?: {
          lastTransitionTime: string
          message: string
          observedGeneration?: number
          reason: string
          status: 'True' | 'False' | 'Unknown'
          type: string
        }[]
        loadBalancer?: {
          ingress?: {
            hostname?: string
            ip?: string
            ipMode?: string
            ports?: {
              error: string
              port: number
              protocol: string
            }[]
          }[]
        }
        name: string
        namespace: string
        port: number
      }
    }
    kubeProxy?: {
      enabled: boolean
      lastUpdate?: string
    }
  }
  certificates?: {
    apiServer?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    apiServerKubeletClient?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    ca?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    etcd?: {
      apiServer?: {
        checksum?: string
        lastUpdate?: string
        secretName?: string
      }
      ca?: {
        checksum?: string
        lastUpdate?: string
        secretName?: string
      }
    }
    frontProxyCA?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    frontProxyClient?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    sa?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
  }
  controlPlaneEndpoint?: string
  kubeadmPhase?: {
    bootstrapToken: {
      checksum?: string
      lastUpdate?: string
    }
  }
  kubeadmconfig?: {
    checksum?: string
    configmapName?: string
    lastUpdate?: string
  }
  kubeconfig?: {
    admin?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    controllerManager?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    scheduler?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
  }
  kubernetesResources?: {
    deployment?: {
      availableReplicas?: number
      collisionCount?: number
      conditions?: {
        lastTransitionTime?: string
        lastUpdateTime?: string
        message?: string
        reason?: string
        status: string
        type: string
      }[]
      lastUpdate?: string
      name: string
      namespace: string
      observedGeneration?: number
      readyReplicas?: number
      replicas?: number
      selector: string
      terminatingReplicas?: number
      unavailableReplicas?: number
      updatedReplicas?: number
    }
    gateway?: {
      accessPoints?: {
        port: number
        type: string
        urls?: string[]
        value: string
      }[]
      parents: {
        conditions: {
          lastTransitionTime: string
          message: string
          observedGeneration?: number
          reason: string
          status: 'True' | 'False' | 'Unknown'
          type: string
        }[]
        controllerName: string
        parentRef: {
          group?: string
          kind?: string
          name: string
          namespace?: string
          port?: number
          sectionName?: string
        }
      }[]
      routeRef?: {
        name?: string
      }
    }
    ingress?: {
      loadBalancer?: {
        ingress?: {
          hostname?: string
          ip?: string
          ports?: {
            error: string
            port: number
            protocol: string
          }[]
        }[]
      }
      name: string
      namespace: string
    }
    service?: {
      conditions?: {
        lastTransitionTime: string
        message: string
        observedGeneration?: number
        reason: string
        status: 'True' | 'False' | 'Unknown'
        type: string
      }[]
      loadBalancer?: {
        ingress?: {
          hostname?: string
          ip?: string
          ipMode?: string
          ports?: {
            error: string
            port: number
            protocol: string
          }[]
        }[]
      }
      name: string
      namespace: string
      port: number
    }
    version?: {
      status?: 'Unknown' | 'Provisioning' | 'CertificateAuthorityRotating' | 'Upgrading' | 'Migrating' | 'Ready' | 'NotReady' | 'Sleeping' | 'WriteLimited'
      version?: string
    }
  }
  observedGeneration?: number
  storage?: {
    certificate?: {
      checksum?: string
      lastUpdate?: string
      secretName?: string
    }
    config?: {
      checksum?: string
      secretName?: string
    }
    dataStoreName?: string
    driver?: string
    setup?: {
      checksum?: string
      lastUpdate?: string
      schema?: string
      user?: string
    }
  }
}

export type DataStoreSpec = {
  basicAuth?: {
    password: {
      content?: string
      secretReference?: {
        keyPath: string
        name?: string
        namespace?: string
      }
    }
    username: {
      content?: string
      secretReference?: {
        keyPath: string
        name?: string
        namespace?: string
      }
    }
  }
  driver: 'etcd' | 'MySQL' | 'PostgreSQL' | 'NATS'
  endpoints: string[]
  tlsConfig?: {
    certificateAuthority: {
      certificate: {
        content?: string
        secretReference?: {
          keyPath: string
          name?: string
          namespace?: string
        }
      }
      privateKey?: {
        content?: string
        secretReference?: {
          keyPath: string
          name?: string
          namespace?: string
        }
      }
    }
    clientCertificate?: {
      certificate: {
        content?: string
        secretReference?: {
          keyPath: string
          name?: string
          namespace?: string
        }
      }
      privateKey: {
        content?: string
        secretReference?: {
          keyPath: string
          name?: string
          namespace?: string
        }
      }
    }
  }
}

export type DataStoreStatus = {
  conditions?: {
    lastTransitionTime: string
    message: string
    observedGeneration?: number
    reason: string
    status: 'True' | 'False' | 'Unknown'
    type: string
  }[]
  observedGeneration?: number
  ready: boolean
  usedBy?: string[]
}

export type KubeconfigGeneratorSpec = {
  controlPlaneEndpointFrom?: string
  groups?: {
    fromDefinition?: string
    stringValue?: string
  }[]
  namespaceSelector?: {
    matchExpressions?: {
      key: string
      operator: string
      values?: string[]
    }[]
    matchLabels?: Record<string, string>
  }
  tenantControlPlaneSelector?: {
    matchExpressions?: {
      key: string
      operator: string
      values?: string[]
    }[]
    matchLabels?: Record<string, string>
  }
  user: {
    fromDefinition?: string
    stringValue?: string
  }
}

export type KubeconfigGeneratorStatus = {
  availableResources: number
  errors?: {
    message: string
    resource: string
  }[]
  observedGeneration?: number
  resources: Record<string, unknown>
}
