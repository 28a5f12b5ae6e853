import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { createDataset } from '../../data/dataset.ts';
import { findIdxFiles, type IdxNames, readIdxFiles } from '../../data/loading/describe-folder.ts';
import { MANIFEST_FILE } from '../../data/loading/load-dataset.ts';
import { DATA_ROLES, DatasetManifest, KNOWN_DATASETS } from '../../data/manifest.ts';
import { describeShape } from '../../data/target.ts';
import { LockstepError, reasonOf } from '../../errors.ts';
import { writeFileAtomically } from '../../host/atomic-file.ts';
import { shellWord } from '../../printable.ts';
import { describeIssue } from '../../validation.ts';
import { formatCount } from '../format.ts';
import { nameList } from '../option-parsers.ts';

interface DescribeOptions {
  readonly name?: string;
  readonly classes?: readonly string[];
  readonly force?: true;
}

export function describeCommand(): Command {
  return new Command('describe')
    .summary(`write the ${MANIFEST_FILE} of a folder with four IDX files`)
    .description(
      'Finds the training and test images and labels in a folder by their names, such as ' +
        'train-images-idx3-ubyte and t10k-labels-idx1-ubyte, checks that they belong together, ' +
        `and describes them in ${MANIFEST_FILE}. Then --data-dir takes this folder.`,
    )
    .argument('<folder>', 'folder with the four IDX files, gzipped or not')
    .option('--name <name>', "name of the dataset (default: the folder's name)")
    .addOption(
      new Option(
        '--classes <names>',
        'names of the classes from label 0 on, separated by commas (default: the labels)',
      ).argParser(nameList),
    )
    .option('--force', `replace a ${MANIFEST_FILE} that is there`)
    .action(describeFolder);
}

async function describeFolder(folder: string, options: DescribeOptions): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere && !options.force)
    throw new LockstepError('DATA', `${path} is there already: --force replaces it.`);
  const names = await findIdxFiles(folder);
  if (!names) {
    throw new LockstepError(
      'DATA',
      `${folder} has no four IDX files with names like ` +
        `${DATA_ROLES.map((role) => KNOWN_DATASETS[0].files[role].name).join(', ')}.`,
    );
  }
  const manifest = await describe(folder, names, options);
  await writeFileAtomically(path, `${JSON.stringify(manifest, null, 2)}\n`).catch((error) => {
    throw new LockstepError('FILE', `cannot write ${path}: ${reasonOf(error)}.`);
  });
  console.log(`Wrote ${path}\n\nNext:\n  npx lockstep data --data-dir ${shellWord(folder)}`);
  console.log(`  npx lockstep train --data-dir ${shellWord(folder)}`);
}

async function describe(
  folder: string,
  names: IdxNames,
  options: DescribeOptions,
): Promise<DatasetManifest> {
  const { trainImages, trainLabels, testImages, testLabels } = await readIdxFiles(folder, names);
  // The header of a file of labels has 8 bytes.
  const labels = [trainLabels, testLabels].flatMap(({ content }) => [...content.subarray(8)]);
  const classCount = labels.reduce((most, label) => Math.max(most, label + 1), 2);
  const { classes } = options;
  if (classes && classes.length > classCount) {
    throw new LockstepError(
      'USAGE',
      `--classes ${classes.join()}: these are ${classes.length} names, and the labels are 0 to ` +
        `${classCount - 1}. Give ${classCount} names, from that of label 0 on.`,
    );
  }
  const known = KNOWN_DATASETS.find(
    ({ files }) => files.trainLabels.sha256 === trainLabels.file.sha256,
  );
  const classNames = Array.from({ length: classCount }, (_, label) => String(label));
  const manifest = {
    name: options.name ?? known?.name ?? basename(resolve(folder)),
    classNames: classes ?? known?.classNames ?? classNames,
    files: {
      trainImages: trainImages.file,
      trainLabels: trainLabels.file,
      testImages: testImages.file,
      testLabels: testLabels.file,
    },
  };
  const result = DatasetManifest.safeParse(manifest);
  if (!result.success) throw new LockstepError('DATA', `${describeIssue(result.error, manifest)}.`);
  const dataset = createDataset(result.data, {
    trainImages: trainImages.content,
    trainLabels: trainLabels.content,
    testImages: testImages.content,
    testLabels: testLabels.content,
  });
  console.log(
    `${dataset.manifest.name}: ${formatCount(dataset.train.count)} training and ` +
      `${formatCount(dataset.test.count)} test ${describeShape(dataset.kind, dataset.shape)}, ` +
      `${classCount} classes`,
  );
  if (!labels.includes(0)) console.log('No image has label 0. Its class stays unused.');
  return dataset.manifest;
}
