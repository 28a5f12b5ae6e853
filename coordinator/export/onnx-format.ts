import { join } from 'node:path';
import { onnxGraph } from './encoding/onnx-graph.ts';
import { encodeOnnx } from './encoding/onnx-messages.ts';
import type { Exported, ExportFormat } from './export-format.ts';
import { besideModel, openModel } from './exported-model.ts';
import { onePiece, refuseExisting, refuseFile, writeOutput } from './output-files.ts';

/** Writes `model.onnx` into a folder, or a file with a name that ends in `.onnx`. */
export const onnxFormat: ExportFormat = {
  isModel: true,
  defaultOut: (run) => besideModel(run, 'onnx'),
  async write(run, out, { signal, replace, checkpoint }): Promise<Exported> {
    const isFile = out.endsWith('.onnx');
    const path = isFile ? out : join(out, 'model.onnx');
    if (!isFile) await refuseFile(out);
    if (!replace) await refuseExisting([path]);
    const { layers, hasSoftmax, target, metadata, described } = await openModel(run, checkpoint);
    const content = encodeOnnx(onnxGraph(layers, hasSoftmax, target), metadata);
    await writeOutput([{ path, pieces: onePiece(content) }], signal);
    return { files: [path], ...described };
  },
};
