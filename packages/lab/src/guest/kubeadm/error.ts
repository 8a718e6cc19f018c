/** Ends kubeadm with exit code 1; the message as it prints it behind `error: `. */
export class KubeadmError extends Error {
  override readonly name = 'KubeadmError'
}

/** An error of one phase of the join. */
export function phaseError(phase: string, text: string): KubeadmError {
  return new KubeadmError(`error execution phase ${phase}: ${text}`)
}
