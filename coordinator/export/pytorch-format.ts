import { join } from 'node:path';
import { encodeSafetensors } from '../run-folder/safetensors.ts';
import { pytorchModule } from './encoding/pytorch-module.ts';
import type { Exported, ExportFormat } from './export-format.ts';
import { besideModel, openModel } from './exported-model.ts';
import { onePiece, refuseExisting, refuseFile, writeOutput } from './output-files.ts';

const PARAMETER_FILE = 'model.safetensors';

/** Writes `model.py` and `model.safetensors` into a folder. */
export const pytorchFormat: ExportFormat = {
  isModel: true,
  defaultOut: (run) => besideModel(run, 'pytorch'),
  async write(run, out, { signal, replace, checkpoint }): Promise<Exported> {
    const files = [join(out, 'model.py'), join(out, PARAMETER_FILE)];
    await refuseFile(out);
    if (!replace) await refuseExisting(files);
    const model = await openModel(run, checkpoint);
    const { layers, metadata, described } = model;
    const tensors = layers.flatMap((layer) => layer.tensors);
    const contents = [
      pytorchModule(layers, { ...model, parameterFile: PARAMETER_FILE }),
      encodeSafetensors(tensors, metadata),
    ];
    await writeOutput(
      files.map((path, i) => ({ path, pieces: onePiece(contents[i]) })),
      signal,
    );
    return { files, ...described };
  },
};
